import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import brier_score_loss, log_loss

from trainer.honesty import (
    bootstrap_interval,
    calibration_error,
    calibration_error_by_luck,
    clustered_interval,
    luck_groups,
    noise_ceiling,
    raw_agreement,
    reliability_bins,
    score,
    wilson_interval,
)

N_SIMULATIONS = 400


def make_predictions(n: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return calibrated probabilities and what came true."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.02, 0.98, n)
    return p, rng.random(n) < p


def test_scores_are_those_of_scikit_learn() -> None:
    p, won = make_predictions()

    ours = score(p, won, np.arange(500), seed=0)

    assert ours.n == 500
    assert ours.nll == pytest.approx(log_loss(won, p))
    assert ours.brier == pytest.approx(brier_score_loss(won, p))
    assert ours.accuracy == pytest.approx(((p > 0.5) == won).mean())
    assert ours.accuracy_interval[0] < ours.accuracy < ours.accuracy_interval[1]
    assert ours.nll_interval[0] < ours.nll < ours.nll_interval[1]


def test_a_score_of_nothing_is_nan() -> None:
    nothing = score(np.empty(0), np.empty(0, bool), np.empty(0, int), seed=0)

    assert nothing.n == 0
    assert np.isnan([nothing.accuracy, nothing.nll, nothing.ece, *nothing.accuracy_interval]).all()


def test_a_prediction_that_takes_no_side_is_half_right() -> None:
    assert score(np.array([0.5, 0.9]), np.array([True, True]), np.arange(2), seed=0).accuracy == 0.75


@pytest.mark.parametrize(("wins", "n"), [(0, 10), (3, 10), (10, 10), (456, 1000)])
def test_wilsons_interval_is_scipys(wins: int, n: int) -> None:
    theirs = binomtest(wins, n).proportion_ci(method="wilson")

    assert wilson_interval(wins, n) == pytest.approx((theirs.low, theirs.high))


def test_labels_that_share_no_luck_have_wilsons_interval_almost() -> None:
    rng = np.random.default_rng(0)
    correct = (rng.random(4000) < 0.7).astype(float)

    low, high = clustered_interval(correct, np.arange(4000) % 400)

    plain = wilson_interval(correct.sum(), 4000)
    assert high - low == pytest.approx(plain[1] - plain[0], rel=0.15)


def test_copies_of_a_label_in_its_group_add_nothing() -> None:
    rng = np.random.default_rng(0)
    correct = (rng.random(300) < 0.7).astype(float)

    copied = clustered_interval(np.repeat(correct, 5), np.repeat(np.arange(300), 5))

    assert copied == pytest.approx(wilson_interval(correct.sum(), 300), abs=2e-3)


@pytest.mark.parametrize(("n_groups", "size"), [(8, 25), (60, 5)])
def test_groups_that_share_no_luck_are_covered_as_promised(n_groups: int, size: int) -> None:
    """What the groups' scatter says of their design effect is luck as well, the more so the fewer they are."""
    rng, group, covered = np.random.default_rng(0), np.repeat(np.arange(n_groups), size), 0
    for _ in range(2000):
        low, high = clustered_interval((rng.random(len(group)) < 0.65).astype(float), group)
        covered += low <= 0.65 <= high

    assert 0.94 <= covered / 2000 <= 0.965


def test_groups_that_are_all_alike_leave_wilsons_interval() -> None:
    correct = np.tile([1.0, 1.0, 0.0], 10)

    assert clustered_interval(correct, np.arange(30) // 3) == wilson_interval(20, 30)
    assert clustered_interval(np.ones(30), np.arange(30) // 3) == wilson_interval(30, 30)
    assert clustered_interval(correct, np.zeros(30, int)) == wilson_interval(20, 30)


@pytest.mark.parametrize("interval", ["clustered", "bootstrap"])
def test_intervals_cover_the_truth_when_prompts_share_their_luck(interval: str) -> None:
    rng = np.random.default_rng(0)
    group, covered = np.repeat(np.arange(60), 5), 0
    for seed in range(N_SIMULATIONS):
        chance = np.clip(0.7 + 0.25 * rng.choice([-1, 1], 60), 0, 1)
        correct = (rng.random(300) < chance[group]).astype(float)
        low, high = (
            clustered_interval(correct, group)
            if interval == "clustered"
            else bootstrap_interval(correct, group, seed=seed)
        )
        covered += low <= 0.7 <= high

    assert 0.91 <= covered / N_SIMULATIONS <= 0.98


@pytest.mark.parametrize("n_groups", [5, 10])
def test_the_bootstrap_of_few_prompts_that_share_their_luck_covers_as_promised(n_groups: int) -> None:
    rng, group, covered, above = np.random.default_rng(0), np.repeat(np.arange(n_groups), 20), 0, 0
    for seed in range(1000):
        gain = 0.5 * rng.standard_normal(n_groups)[group] + rng.standard_normal(len(group))
        low, high = bootstrap_interval(gain, group, seed=seed)
        covered += low <= 0 <= high
        above += bootstrap_interval(gain, group, seed=seed, level=0.9)[0] <= 0

    assert 0.92 <= covered / 1000 <= 0.97
    assert 0.92 <= above / 1000 <= 0.97


@pytest.mark.parametrize("group", [np.zeros(40, int), np.empty(0, int)])
def test_nobody_knows_the_luck_of_one_group(group: np.ndarray) -> None:
    assert np.isnan(bootstrap_interval(np.arange(len(group), dtype=float), group, seed=0)).all()


def test_labels_are_grouped_by_pair_where_there_are_few_prompts() -> None:
    pair = np.arange(20)

    assert luck_groups(pair % 5, pair).tolist() == (pair % 5).tolist()
    assert luck_groups(pair % 4, pair).tolist() == pair.tolist()


def test_the_bootstrap_is_that_of_its_seed() -> None:
    p, _ = make_predictions()

    same, again, other = (bootstrap_interval(p, np.arange(500), seed=seed) for seed in (1, 1, 2))

    assert same == again != other


def test_bins_hold_equal_mass_and_their_frequencies() -> None:
    p = np.array([0.1, 0.2, 0.8, 0.9])
    low, high = reliability_bins(p, np.array([False, False, True, False]), n_bins=2)

    assert (low.n, low.mean_probability, low.frequency) == (2, pytest.approx(0.15), 0)
    assert (high.n, high.mean_probability, high.frequency) == (2, pytest.approx(0.85), 0.5)
    assert high.interval == wilson_interval(1, 2)


def test_the_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    p = np.array([0.1, 0.2, 0.8, 0.9])

    error = calibration_error(p, np.array([False, False, True, False]), n_bins=2)

    assert error == pytest.approx(0.15 / 2 + 0.35 / 2)


def test_calibrated_predictions_have_a_small_calibration_error() -> None:
    assert calibration_error(*make_predictions(20000)) < 0.02


def test_agreement_counts_couples_of_people_once_per_person() -> None:
    pair = np.array([1, 1, 1, 2, 2, 3, 4, 4])
    person = np.array([7, 8, 9, 7, 8, 7, 7, 7])
    first_won = np.array([True, True, False, False, False, True, True, False])

    agreement, n = raw_agreement(pair, person, first_won)

    assert n == 4  # three couples on pair 1, one on pair 2; pair 4 is one person twice
    assert agreement == 2 / 4


def test_without_couples_agreement_is_unknown() -> None:
    agreement, n = raw_agreement(np.array([1]), np.array([1]), np.array([True]))

    assert np.isnan(agreement)
    assert n == 0


@pytest.mark.parametrize("chances", [[0.8], [0.5, 1.0, 1.0], [0.6, 0.9]])
def test_the_ceiling_holds_the_best_possible_accuracy(chances: list[float]) -> None:
    """A perfect head calls the likelier side of each pair; two people agree with p^2 + (1 - p)^2."""
    p = np.array(chances)
    best = np.maximum(p, 1 - p).mean()

    low, high = noise_ceiling(float((p**2 + (1 - p) ** 2).mean()))

    assert low - 1e-12 <= best <= high + 1e-12


@pytest.mark.parametrize("agreement", [0.4, np.nan])
def test_agreement_below_chance_gives_no_ceiling(agreement: float) -> None:
    assert np.isnan(noise_ceiling(agreement)).all()


def test_the_luck_of_true_chances_is_that_of_simulated_verdicts() -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(0.2, 0.8, 400)

    errors = [calibration_error(p, rng.random(400) < p) for _ in range(2000)]

    assert calibration_error_by_luck(p, seed=0, n_samples=2000) == pytest.approx(np.quantile(errors, 0.95), abs=0.003)
