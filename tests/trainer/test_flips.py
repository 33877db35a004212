import numpy as np
import pytest

from trainer.flips import controls_of, flip_rates, matched, next_opinions


def opinions(*labels: tuple[int, int, int, bool]) -> np.ndarray:
    """Return the next opinions of (pair, annotator, verdict, blind) labels."""
    pair, annotator, verdict, blind = (np.array(column) for column in zip(*labels, strict=True))
    return next_opinions(verdict, pair, annotator, blind)


def test_the_next_opinion_is_somebody_elses_later_blind_and_decisive() -> None:
    first, others = (7, 1, 1, True), {"same person": (7, 1, -1, True), "imported": (7, 2, -1, False)}

    assert opinions(first, (7, 2, -1, True)).tolist() == [1, -1]
    assert opinions(first, (8, 2, -1, True)).tolist() == [-1, -1]
    assert opinions(first, (7, 2, 0, True)).tolist() == [-1, -1]
    assert all(opinions(first, other).tolist() == [-1, -1] for other in others.values())


def test_a_third_opinion_is_the_next_of_the_second_alone() -> None:
    assert opinions((7, 1, 1, True), (7, 2, -1, True), (7, 3, 1, True)).tolist() == [1, 2, -1]


def test_an_imported_verdict_may_be_contradicted_here() -> None:
    assert opinions((7, 1, 1, False), (7, 2, -1, True)).tolist() == [1, -1]


def test_each_target_gets_the_nearest_candidate_that_is_left() -> None:
    candidates = np.array([0.1, 0.4, 0.41, 0.2])

    chosen = matched(np.array([0.4, 0.1, 0.4]), candidates, seed=0)

    assert chosen[1] == 0
    assert sorted(chosen.tolist()) == [0, 1, 2]
    assert sorted(matched(np.full(9, 0.3), candidates, seed=0).tolist()) == [-1] * 5 + [0, 1, 2, 3]
    assert matched(np.array([0.4]), np.empty(0), seed=0).tolist() == [-1]


def test_a_control_is_an_expected_verdict_on_another_pair_that_may_be_chosen() -> None:
    labels = {  # the first is the target; the others were expected, but for the fourth
        "p_first_B": np.array([0.2, 0.8, 0.75, 0.2, 0.79, np.nan, 0.3, 0.81]),
        "verdict_B": np.array([1, 1, 1, 1, 1, 1, -1, 0]),
        "pair_B": np.array([1, 1, 2, 3, 3, 4, 5, 6]),
    }
    every = np.full(8, True)

    assert controls_of(np.array([0]), **labels, spare_B=every, seed=0).tolist() == [2]
    assert controls_of(np.array([0, 3]), **labels, spare_B=every, seed=0).tolist() in ([2, 6], [6, 2])
    assert controls_of(np.array([0]), **labels, spare_B=labels["pair_B"] != 2, seed=0).tolist() == [6]
    assert controls_of(np.array([0]), **labels, spare_B=~every, seed=0).tolist() == [-1]


def judged(n: int, *, wrong: float, seed: int) -> dict[str, np.ndarray]:
    """Return n pairs judged twice: the true side is what the head says with .8, a share of first verdicts is a slip."""
    rng = np.random.default_rng(seed)
    slip = rng.random(n) < wrong
    first, second = np.where(slip, -1, 1), np.ones(n, int)
    return {
        "p_first_B": np.full(2 * n, 0.8),
        "verdict_B": np.stack([first, second], 1).ravel(),
        "pair_B": np.repeat(np.arange(n), 2),
        "annotator_B": np.tile([1, 2], n),
        "blind_B": np.full(2 * n, True),
    }


def test_slips_are_contradicted_and_their_controls_are_not() -> None:
    flips = flip_rates(**judged(500, wrong=0.1, seed=0), seed=0)

    assert flips is not None
    assert flips.surprising.share == 1.0
    assert flips.controls.share == 0.0
    assert flips.surprising.n == flips.controls.n
    assert flips.surprising.interval[0] > 0.9


def test_where_verdicts_are_coin_tosses_surprise_finds_nothing() -> None:
    rng = np.random.default_rng(1)
    tossed = judged(2000, wrong=0, seed=0) | {"verdict_B": rng.choice([-1, 1], 4000)}
    tossed["p_first_B"] = rng.uniform(0.2, 0.8, 2000).repeat(2)

    flips = flip_rates(**tossed, seed=0)

    assert flips is not None
    assert flips.surprising.share == pytest.approx(0.5, abs=0.06)
    assert flips.controls.share == pytest.approx(0.5, abs=0.06)


def test_one_person_who_contradicts_five_imported_verdicts_is_one_of_them() -> None:
    """Pairs differ in how often people take the second side; the head holds the first for likely in all of them."""
    rng, covered, n_pairs = np.random.default_rng(0), 0, 60
    for seed in range(400):
        p_second = rng.uniform(0.1, 0.9, n_pairs)[:, None]
        verdict_M6 = np.where(rng.random((n_pairs, 6)) < p_second, -1, 1)
        rates = flip_rates(
            p_first_B=np.full(6 * n_pairs, 0.8),
            verdict_B=verdict_M6.ravel(),
            pair_B=np.repeat(np.arange(n_pairs), 6),
            annotator_B=np.tile(np.arange(6), n_pairs),
            blind_B=np.tile(np.arange(6) == 5, n_pairs),
            seed=seed,
        )
        assert rates is not None
        # Of somebody who took the second side the next takes the first with mean of p (1 - p) over that of p.
        covered += rates.surprising.interval[0] <= (0.5 - (0.25 + 0.8**2 / 12)) / 0.5 <= rates.surprising.interval[1]

    assert 0.93 <= covered / 400 <= 0.98


def test_without_a_second_opinion_there_is_no_rate() -> None:
    once = judged(20, wrong=0.5, seed=0) | {"pair_B": np.arange(40)}

    assert flip_rates(**once, seed=0) is None
