from dataclasses import replace

import numpy as np
import pytest

from tests.trainer.simulated import SCALES, TIE_EDGE, make_material
from trainer.acquire import STRATEGIES
from trainer.head import probability, rewards
from trainer.material import FitConfig, Material
from trainer.outcomes import Outcome, ScaleName
from trainer.refit import refit

CONFIG = FitConfig(n_queue=8)


def relabelled(material: Material, outcome: Outcome) -> Material:
    return replace(material, outcome_B=np.full(len(material.pair_B), outcome))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_project_without_labels_gets_a_queue_and_an_even_head(strategy: str) -> None:
    material, _ = make_material(n_labels=0)

    first = refit(material, FitConfig(strategy=strategy, n_queue=8), seed=1)

    assert not first.head.weights_D.any()
    assert set(first.p_first_M) == {0.5}
    assert len(set(first.queue.pair_Q)) == 8
    assert first.metrics["n"] == 0
    assert first.metrics["loo_accuracy"] is None


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("outcome", list(Outcome))
def test_one_label_of_any_kind_gives_a_finite_head(name: ScaleName, outcome: Outcome) -> None:
    material, _ = make_material(n_labels=1)

    result = refit(relabelled(material, outcome), replace(CONFIG, scale=name), seed=1)

    assert np.isfinite(result.head.weights_D).all()
    assert np.isfinite(result.head.cuts).all()
    moved = np.abs(result.head.weights_D).max() > 1e-9
    assert moved == (outcome in (Outcome.FIRST, Outcome.SECOND))
    assert moved or result.head.display_scale == 1


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_thousand_labels_of_one_kind_give_a_finite_head(name: ScaleName, outcome: Outcome) -> None:
    material, _ = make_material(n_labels=1000)

    result = refit(relabelled(material, outcome), replace(CONFIG, scale=name), seed=1)

    assert np.isfinite(result.head.weights_D).all()
    assert np.isfinite(result.p_first_M).all()
    assert len(result.queue.pair_Q) == 8


def test_contradictory_labels_leave_a_pair_even() -> None:
    material, _ = make_material(n_labels=2)
    both = replace(material, pair_B=np.array([3, 3]), outcome_B=np.array([Outcome.FIRST, Outcome.SECOND]))

    result = refit(both, CONFIG, seed=1)

    assert result.p_first_M[3] == pytest.approx(0.5, abs=1e-9)
    assert result.labels.badge_B.count("contested") == 2


def test_a_project_without_pairs_can_be_refitted() -> None:
    material, _ = make_material(n_labels=0, responses_per_prompt=1)

    result = refit(material, CONFIG, seed=1)

    assert len(result.queue.pair_Q) == len(result.p_first_M) == 0


def test_ties_are_left_out_of_a_project_that_offers_none() -> None:
    material, _ = make_material(tie_edge=TIE_EDGE)
    decisive = material.outcome_B != Outcome.TIE
    kept = replace(
        material,
        **{name: column[decisive] for name, column in vars(material).items() if name.endswith("_B")},
    )

    with_ties, without = refit(material, CONFIG, seed=1), refit(kept, CONFIG, seed=1)

    assert with_ties.head.weights_D.tolist() == pytest.approx(without.head.weights_D.tolist(), abs=1e-6)
    assert np.isnan(with_ties.labels.surprise_B[~decisive]).all()
    assert with_ties.metrics["n"] == decisive.sum()


def test_the_same_inputs_give_the_same_bytes() -> None:
    material, _ = make_material(n_labels=400, size=1500)
    config = replace(CONFIG, rank=40)

    one, two = refit(material, config, seed=1), refit(material, config, seed=1)

    assert one.head.to_bytes() == two.head.to_bytes()
    assert one.queue.pair_Q.tolist() == two.queue.pair_Q.tolist()
    assert one.metrics == two.metrics
    assert one.digests == two.digests


def test_a_reused_geometry_and_head_change_nothing_but_the_work() -> None:
    material, _ = make_material(n_labels=400, size=1500)
    config = replace(CONFIG, rank=40)
    cold = refit(material, config, seed=1)

    warm = refit(material, config, previous=cold.head, geometry=cold.geometry, seed=1)

    assert warm.geometry is cold.geometry
    assert warm.head.weights_D.tolist() == pytest.approx(cold.head.weights_D.tolist(), abs=1e-5)


def test_new_pairs_and_other_encoders_get_a_geometry_of_their_own() -> None:
    material, _ = make_material()
    old = refit(material, CONFIG, seed=1)
    other_pairs = replace(material, first_M=material.second_M, second_M=material.first_M)

    for changed in (other_pairs, replace(material, encoder_key="another")):
        new = refit(changed, CONFIG, previous=old.head, geometry=old.geometry, seed=1)

        assert new.geometry is not old.geometry


def test_the_queue_holds_only_what_may_be_asked() -> None:
    material, _ = make_material()
    askable = np.arange(len(material.first_M)) % 3 == 0

    queue = refit(replace(material, askable_M=askable), CONFIG, seed=1).queue

    assert askable[queue.pair_Q].all()
    assert (np.diff(queue.information_Q) <= 0).all()


def test_swapping_every_pair_turns_every_probability_round() -> None:
    material, _ = make_material()
    swapped = replace(
        material,
        first_M=material.second_M,
        second_M=material.first_M,
        outcome_B=np.where(material.outcome_B == Outcome.FIRST, Outcome.SECOND, Outcome.FIRST),
    )

    plain, turned = refit(material, CONFIG, seed=1), refit(swapped, CONFIG, seed=1)

    assert (1 - turned.p_first_M).tolist() == pytest.approx(plain.p_first_M.tolist(), abs=1e-6)


def test_rewards_average_to_zero_and_are_shown_with_unit_spread() -> None:
    material, _ = make_material()

    head = refit(material, CONFIG, seed=1).head
    reward_N = rewards(head, material.embedding_ND)

    assert reward_N.mean() == pytest.approx(0, abs=1e-5)
    assert (head.display_scale * reward_N).std() == pytest.approx(1, abs=1e-4)


def test_a_moderated_probability_is_never_bolder_than_the_plain_one() -> None:
    material, _ = make_material()
    result = refit(material, CONFIG, seed=1)

    plain = probability(result.head, material.embedding_ND, material.first_M, material.second_M)

    assert (np.abs(result.p_first_M - 0.5) <= np.abs(plain - 0.5) + 1e-6).all()


@pytest.mark.parametrize("name", ["binary", "ties"])
def test_people_with_known_rewards_are_recovered(name: ScaleName) -> None:
    tie_edge = TIE_EDGE if name == "ties" else 0.0
    material, truth = make_material(n_labels=20000, n_prompts=100, spread=1.5, tie_edge=tie_edge)

    result = refit(material, replace(CONFIG, scale=name), seed=1)

    margins = rewards(result.head, material.embedding_ND)
    ours = margins[material.first_M] - margins[material.second_M]
    slope, offset = np.polyfit(truth.margin_M, ours, 1)
    assert np.corrcoef(ours, truth.margin_M)[0, 1] > 0.995
    assert slope == pytest.approx(1, abs=0.06)
    assert offset == pytest.approx(0, abs=0.05)
    assert result.head.cuts[-1] == pytest.approx(tie_edge, abs=0.05)


def test_predictions_of_left_out_labels_are_judged_honestly() -> None:
    material, truth = make_material(n_labels=4000, n_prompts=100, spread=2)
    fresh, _ = make_material(n_labels=4000, n_prompts=100, spread=2)

    metrics = refit(material, CONFIG, seed=1).metrics

    best = np.where(truth.margin_B > 0, Outcome.FIRST, Outcome.SECOND) == fresh.outcome_B
    assert metrics["loo_n"] == 4000
    assert metrics["loo_accuracy"] == pytest.approx(best.mean(), abs=0.02)
    assert metrics["loo_loss"] > metrics["loss"]
    assert metrics["loo_ece"] < 0.03


def test_audit_numbers_are_of_what_was_said_before_the_label() -> None:
    material, _ = make_material(n_labels=4)
    said = replace(
        material,
        outcome_B=np.array([Outcome.FIRST, Outcome.FIRST, Outcome.SECOND, Outcome.FIRST]),
        p_first_shown_B=np.array([0.9, 0.2, 0.2, np.nan]),
    )

    metrics = refit(said, CONFIG, seed=1).metrics

    assert metrics["audit_n"] == 3
    assert metrics["audit_accuracy"] == pytest.approx(2 / 3)
    assert metrics["audit_nll"] == pytest.approx(-np.log([0.9, 0.2, 0.8]).mean())


def test_a_surprise_is_the_log_loss_of_the_left_out_probability() -> None:
    material, _ = make_material()

    labels = refit(material, CONFIG, seed=1).labels

    said = np.where(material.outcome_B == Outcome.FIRST, labels.p_first_B, 1 - labels.p_first_B)
    assert labels.surprise_B.tolist() == pytest.approx((-np.log(said)).tolist())


def test_a_fixed_prior_precision_is_kept_to() -> None:
    material, _ = make_material(n_labels=600, n_prompts=10)

    tuned, fixed = (refit(material, replace(CONFIG, prior_precision=value), seed=1).head for value in (None, 3.0))

    assert (tuned.tuned_at, fixed.tuned_at) == (600, 0)
    assert fixed.prior_precision == 3


def test_the_first_pair_of_a_new_project_is_the_one_that_teaches_most_about_all() -> None:
    """Brute force: invert the precision with each pair added and average the Fisher-weighted variance of all pairs."""
    material, _ = make_material(n_labels=0, n_prompts=10, size=6)

    result = refit(material, CONFIG, seed=1)

    x = result.geometry.coordinates_NK.double().numpy()
    difference = x[material.first_M] - x[material.second_M]

    def mean_variance(precision: np.ndarray) -> float:
        return float(np.einsum("mk,kl,ml->m", difference, np.linalg.inv(precision), difference).mean() / 4)

    falls = [mean_variance(np.eye(6)) - mean_variance(np.eye(6) + np.outer(d, d) / 4) for d in difference]
    assert result.queue.pair_Q[0] == np.argmax(falls)
    assert result.queue.information_Q[0] == pytest.approx(max(falls), rel=1e-4)


def test_the_digest_of_labels_does_not_depend_on_their_order() -> None:
    material, _ = make_material()
    order = np.random.default_rng(0).permutation(len(material.pair_B))
    shuffled = replace(
        material, **{name: column[order] for name, column in vars(material).items() if name.endswith("_B")}
    )
    other = relabelled(material, Outcome.FIRST)

    assert material.labels_digest == shuffled.labels_digest != other.labels_digest


def test_columns_of_different_lengths_are_refused() -> None:
    material, _ = make_material()

    with pytest.raises(ValueError, match="weight_B"):
        replace(material, weight_B=np.ones(3))


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="Unknown"):
        FitConfig(strategy="astrology")
