from dataclasses import replace

import numpy as np
import pytest

from trainer.outcomes import Outcome
from trainer.simulate import Setting, World, collect, make_world

SMALL = Setting(n_prompts=12, responses_per_prompt=6, size=6, n_labels=120, every=40, lapsing=True)


def make_small_world(setting: Setting = SMALL, seed: int = 0) -> World:
    return make_world(setting, np.random.default_rng(seed))


def answered(world: World, margin: float, lapse: float, side: float, n: int = 200_000) -> tuple[float, float]:
    """Have somebody answer the same question many times: a blind choice, or a noisy look at the margin."""
    rng = np.random.default_rng(1)
    edge = world.setting.tie_edge
    felt = margin + world.setting.position * side + rng.logistic(size=n)
    looked = np.select([felt > edge, felt < -edge], [Outcome.FIRST, Outcome.SECOND], Outcome.TIE)
    outcome = np.where(rng.random(n) < lapse, rng.integers(0, 3 if edge else 2, n), looked)
    return float((outcome == Outcome.FIRST).mean()), float((outcome == Outcome.SECOND).mean())


@pytest.mark.parametrize("edge", [0.0, 0.6])
@pytest.mark.parametrize("lapse", [0.0, 0.3])
def test_chances_are_what_people_do(edge: float, lapse: float) -> None:
    world = make_small_world(replace(SMALL, tie_edge=edge, position=0.4))

    chances = world.chances(np.array(0.7), lapse, -1.0)

    assert [float(chance) for chance in chances] == pytest.approx(answered(world, 0.7, lapse, -1.0), abs=0.005)


@pytest.mark.parametrize("edge", [0.0, 0.6])
def test_the_true_accuracy_is_how_often_many_verdicts_agree_with_the_calls(edge: float) -> None:
    setting = replace(SMALL, tie_edge=edge, position=0.4, audit_share=1.0, n_labels=40_000)
    world, rng = make_small_world(setting), np.random.default_rng(2)
    calls = rng.choice([-1, 0, 1], len(world.first_M))
    pair, person, side = (rng.integers(0, n, 200_000) for n in (len(calls), setting.n_people, 2))
    first, second = world.chances(world.margin_M[pair], world.lapse_A[person], 2.0 * side - 1)
    luck = rng.random(200_000)
    decisive, first_won = luck < first + second, luck < first
    right = np.where(calls[pair] == 0, 0.5, (calls[pair] > 0) == first_won)

    assert world.accuracy(calls.astype(float), np.arange(len(calls))) == pytest.approx(
        right[decisive].mean(), abs=0.005
    )


def test_a_simulation_is_that_of_its_seed() -> None:
    one, again, other = (
        collect(make_small_world(seed=seed), np.random.default_rng(seed)).outcome_B.tolist() for seed in (1, 1, 2)
    )

    assert one == again != other


def test_half_of_the_labels_are_on_audit_pairs_and_no_pair_is_of_both_kinds() -> None:
    labels = collect(make_small_world(), np.random.default_rng(0))

    audit = np.isfinite(labels.right_B)

    # 180 pairs: a fifth are audit pairs, each judged twice, which is enough for three batches of 20.
    assert len(labels.pair_B) == 120
    assert audit.sum() == 60
    assert not set(labels.pair_B[audit]) & set(labels.pair_B[~audit])


def test_a_second_look_comes_when_the_head_has_learnt_from_the_first() -> None:
    labels = collect(make_small_world(), np.random.default_rng(0))

    looks_at = [np.flatnonzero(labels.pair_B == pair) // SMALL.every for pair in np.unique(labels.pair_B)]
    twice = [batches for batches in looks_at if len(batches) == 2]
    assert len(twice) == 24
    assert all(first < second for first, second in twice)


def test_calls_are_made_before_the_head_has_seen_the_label() -> None:
    """The first head knows nothing: half right. What it says of later labels is then true more often."""
    labels = collect(make_small_world(replace(SMALL, lapsing=False)), np.random.default_rng(0))

    assert set(labels.right_B[:20]) == {0.5}
    assert labels.accuracy_B[0] == pytest.approx(0.5)
    assert labels.accuracy_B[np.isfinite(labels.right_B)][-1] > 0.55
