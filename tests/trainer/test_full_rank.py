from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from tests.trainer.simulated import TIE_EDGE, make_material
from trainer.fit import fit_head
from trainer.full_rank import factor_of, full_rank, nearly_inverse, start_of
from trainer.head import rewards
from trainer.inputs import make_inputs
from trainer.material import FitConfig, Material
from trainer.outcomes import Floats, Outcome
from trainer.refit import refit

CPU = torch.device("cpu")
LOW_RANK = FitConfig(rank=8, n_queue=4, prior_precision=0.5)


def test_a_released_head_is_that_of_logistic_regression_on_whole_embeddings() -> None:
    material, _ = make_material(n_labels=500, size=40)
    live = refit(material, LOW_RANK, seed=0)
    x = material.embedding_ND.astype(float)
    difference = live.geometry.scale * (x[material.first_M] - x[material.second_M])[material.pair_B]
    theirs = LogisticRegression(C=2, fit_intercept=False, tol=1e-10, max_iter=1000)
    theirs.fit(difference, material.outcome_B == Outcome.FIRST)

    ours = full_rank(material, LOW_RANK, live.head, live.geometry).head

    assert ours.weights_D.tolist() == pytest.approx((live.geometry.scale * theirs.coef_[0]).tolist(), abs=2e-4)
    assert rewards(ours, material.embedding_ND).mean() == pytest.approx(0, abs=1e-5)


def test_cut_points_are_fitted_at_full_rank_too() -> None:
    material, _ = make_material(n_labels=500, size=40, tie_edge=TIE_EDGE)
    config = replace(LOW_RANK, scale="ties")
    live, whole = (refit(material, replace(config, rank=rank), seed=0) for rank in (8, 40))

    ours = full_rank(material, config, live.head, live.geometry).head

    assert ours.cuts == pytest.approx(whole.head.cuts, abs=1e-3)
    assert ours.weights_D.tolist() == pytest.approx(whole.head.weights_D.tolist(), abs=1e-3)


def steep_material(smallest: float, labels_per_pair: int) -> Material:
    """Return 400 labels on embeddings whose 40 numbers spread from 4 down to `smallest`."""
    material, truth = make_material(n_labels=400, size=40, n_prompts=70, spread=2)
    rng = np.random.default_rng(5)
    pair_B = np.repeat(rng.permutation(len(material.first_M)), labels_per_pair)[:400]
    first_won_B = truth.margin_M[pair_B] + rng.logistic(size=400) > 0
    return replace(
        material,
        embedding_ND=(material.embedding_ND * np.geomspace(4, smallest, 40)).astype(np.float16),
        pair_B=pair_B,
        outcome_B=np.where(first_won_B, Outcome.FIRST, Outcome.SECOND).astype(np.int64),
    )


def left_out_and_refitted(material: Material, precision: float) -> tuple[Floats, Floats]:
    """Return margins toward the winner without the pair's labels, of some labels: by leaving out, and by refits."""
    config = replace(LOW_RANK, prior_precision=precision)
    live = refit(material, replace(config, rank=24), seed=0)
    some = np.arange(0, 400, 20)
    exact = []
    for label in some:
        kept_B = np.where(material.pair_B == material.pair_B[label], 0.0, material.weight_B)
        without = full_rank(replace(material, weight_B=kept_B), config, live.head, live.geometry).head
        reward_N, pair = rewards(without, material.embedding_ND), material.pair_B[label]
        exact.append(reward_N[material.first_M[pair]] - reward_N[material.second_M[pair]])
    sign = np.where(material.outcome_B[some] == Outcome.FIRST, 1, -1)
    ours_B = full_rank(material, config, live.head, live.geometry).margin_B
    return sign * ours_B[some], sign * np.array(exact)


@pytest.mark.parametrize(("smallest", "within"), [(0.05, 0.02), (0.4, 0.1)])
@pytest.mark.parametrize("labels_per_pair", [1, 4])
def test_margins_left_out_are_those_of_exact_refits_without_the_pair(
    labels_per_pair: int, smallest: float, within: float
) -> None:
    """The less pairs differ across the rotation, the nearer."""
    ours, exact = left_out_and_refitted(steep_material(smallest, labels_per_pair), 0.5)

    assert ours.tolist() == pytest.approx(exact.tolist(), abs=within)


@pytest.mark.parametrize(("smallest", "within", "loss_within"), [(0.05, 0.1, 0.005), (0.4, 0.25, 0.03)])
def test_under_a_wide_prior_repeated_labels_of_a_pair_are_left_out_without_running_away(
    smallest: float, within: float, loss_within: float
) -> None:
    ours, exact = left_out_and_refitted(steep_material(smallest, 4), 1 / 16)

    assert ours.tolist() == pytest.approx(exact.tolist(), abs=within)
    assert np.logaddexp(0, -ours).mean() == pytest.approx(np.logaddexp(0, -exact).mean(), abs=loss_within)


def test_the_same_head_gives_the_same_bytes_at_full_rank() -> None:
    material, _ = make_material(n_labels=200, size=40)
    live = refit(material, LOW_RANK, seed=0)

    one, two = (full_rank(material, LOW_RANK, live.head, live.geometry).head.to_bytes() for _ in range(2))

    assert one == two


def test_what_the_rotated_head_knows_brings_the_minimum_sooner() -> None:
    material, _ = make_material(n_labels=2000, size=100, n_prompts=100)
    skewed = replace(material, embedding_ND=(material.embedding_ND * np.linspace(5, 0.1, 100)).astype(np.float16))
    live = refit(skewed, replace(LOW_RANK, rank=40), seed=0)
    inputs = make_inputs(skewed, LOW_RANK, CPU)
    wide, narrow = (
        inputs.problem(one) for one in (torch.from_numpy(skewed.embedding_ND), live.geometry.coordinates_NK)
    )
    start, precision = start_of(live.head, wide), 0.5 / live.geometry.scale**2
    inverse = nearly_inverse(factor_of(narrow, live.head, live.geometry), live.head, live.geometry)

    informed = fit_head(wide, precision, start, inverse=inverse, tolerance=1e-6)
    plain = fit_head(wide, precision, start, inverse=lambda vector: vector / precision, tolerance=1e-6)

    assert informed.point.objective == pytest.approx(plain.point.objective, abs=1e-6)
    assert informed.n_steps < 0.75 * plain.n_steps
