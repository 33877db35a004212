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
from trainer.material import FitConfig
from trainer.outcomes import Outcome
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


@pytest.mark.parametrize(("smallest", "within"), [(0.05, 0.01), (0.4, 0.15)])
def test_margins_left_out_are_those_of_exact_refits_without_the_pair(smallest: float, within: float) -> None:
    """The less pairs differ across the rotation, the nearer; and where they do, the margin errs against the label."""
    material, _ = make_material(n_labels=400, size=40)
    spread_D = np.geomspace(4, smallest, 40)
    steep = replace(material, embedding_ND=(material.embedding_ND * spread_D).astype(np.float16))
    live = refit(steep, replace(LOW_RANK, rank=24), seed=0)
    first_B, second_B = steep.first_M[steep.pair_B], steep.second_M[steep.pair_B]

    ours = full_rank(steep, LOW_RANK, live.head, live.geometry)

    sign_B = np.where(steep.outcome_B == Outcome.FIRST, 1, -1)
    for label in range(0, 400, 25):
        same = steep.pair_B == steep.pair_B[label]
        without = replace(steep, weight_B=np.where(same, 0.0, steep.weight_B))
        reward_N = rewards(full_rank(without, LOW_RANK, live.head, live.geometry).head, steep.embedding_ND)
        exact = reward_N[first_B[label]] - reward_N[second_B[label]]
        assert ours.margin_B[label] == pytest.approx(exact, abs=within)
        if same.sum() == 1:
            assert sign_B[label] * (ours.margin_B[label] - exact) < 0.01


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
