from dataclasses import replace
from itertools import combinations

import pytest
import torch

from tests.trainer.simulated import make_small_problem
from trainer.acquire import Candidates, pool_variance
from trainer.design import NEAR_DUPLICATE, Design, Gate, pick_greedily
from trainer.fit import Fit, fit_head
from trainer.likelihood import fisher_information
from trainer.outcomes import ScaleName
from trainer.posterior import Posterior, laplace_posterior
from trainer.problem import Problem


def make_design(n: int = 30, size: int = 5, *, pool: bool, seed: int = 0) -> Design:
    """Return whitened candidates in fp64 and a random pool."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(n, size, generator=generator, dtype=torch.float64) / size**0.5
    v = torch.rand(n, generator=generator, dtype=torch.float64) / 4
    root = torch.randn(size, size, generator=generator, dtype=torch.float64)
    return Design(rows, v, root @ root.T if pool else None)


def covariance_after(design: Design, picks: list[int]) -> torch.Tensor:
    """Invert the recomputed precision I + sum of v u u^T."""
    rows, v = design.rows_PK[picks], design.v_P[picks]
    identity = torch.eye(design.rows_PK.shape[1], dtype=torch.float64)
    return torch.linalg.inv(identity + rows.T @ (v[:, None] * rows))


def free_gate(n: int) -> Gate:
    return Gate(torch.zeros(n, dtype=torch.int64), cap=n)


def test_conditioning_by_rank_one_equals_inverting_anew() -> None:
    design = make_design(pool=True)
    picks = [3, 17, 5, 9, 0, 21]
    for pick in picks:
        design.pick(pick)

    a = covariance_after(design, picks)
    rows, pool = design.rows_PK, design.pool_KK

    torch.testing.assert_close(design.variance_P, (rows @ a * rows).sum(1), atol=1e-8, rtol=0)
    torch.testing.assert_close(design.spread_P, (rows @ a @ pool @ a * rows).sum(1), atol=1e-8, rtol=0)


@pytest.mark.parametrize("scale", ["binary", "ties"])
@pytest.mark.parametrize(("rows", "within"), [(torch.float64, 1e-8), (torch.float32, 1e-6)])
def test_conditioning_a_fitted_head_equals_inverting_its_hessian_with_the_verdicts_to_come(
    rows: torch.dtype, within: float, scale: ScaleName
) -> None:
    """The oracle is the Hessian in fp64 at the weights of the fit. Rows of fp32 are what a refit makes."""
    problem = make_small_problem(scale, n_labels=200, n_responses=40, size=8)
    fit = fit_head(problem, 1)
    posterior, first, second = laplace_posterior(problem, fit), torch.arange(50) % 40, torch.arange(50) * 7 % 39 + 1
    hessian = hessian_in_fp64(problem, fit)
    d = problem.wide_RK[first] - problem.wide_RK[second]
    v = fisher_information(d @ fit.point.weight_K, fit.point.cuts_C)
    pool_KK = pool_variance(posterior, fit.point.cuts_C, first, second)
    if rows == torch.float64:
        posterior = in_fp64(posterior, hessian, problem)
        u = posterior.differences(first, second)
        pool_KK = u.T @ (v[:, None] * u) / 50
    variance = posterior.variances(first, second)
    candidates = Candidates(first, second, torch.zeros(50), variance, posterior, fit.point.cuts_C, pool_KK)
    design, picks = candidates.design(torch.arange(50), pool_KK), [3, 17, 5, 9, 0, 21, 30, 44]

    for pick in picks:
        design.pick(pick)

    a = torch.linalg.inv(hessian + d[picks].T @ (v[picks, None] * d[picks]))
    variance, spread = (d @ a * d).sum(1), (d @ a @ d.T).square() @ v / 50
    assert (design.variance_P - variance).abs().max() <= within * variance.max()
    assert (design.spread_P - spread).abs().max() <= within * spread.max()


def hessian_in_fp64(problem: Problem, fit: Fit) -> torch.Tensor:
    x = problem.graph.difference(problem.wide_RK)
    curvature = problem.weight_B * fit.point.terms.v_B
    return fit.prior_precision * torch.eye(x.shape[1], dtype=torch.float64) + x.T @ (curvature[:, None] * x)


def in_fp64(posterior: Posterior, hessian: torch.Tensor, problem: Problem) -> Posterior:
    factor = torch.linalg.cholesky(hessian)
    whitened = torch.linalg.solve_triangular(factor.T, problem.wide_RK, upper=True, left=False)
    return replace(posterior, factor_KK=factor, whitened_NK=whitened)


def test_a_v_optimal_gain_is_the_fall_of_the_mean_predictive_variance() -> None:
    design = make_design(pool=True)
    design.pick(4)
    gains = design.gains()

    for pick in range(5, 10):
        before, after = (torch.trace(covariance_after(design, picks) @ design.pool_KK) for picks in ([4], [4, pick]))
        assert gains[pick].item() == pytest.approx((before - after).item(), abs=1e-10)


def test_a_d_optimal_gain_is_the_rise_of_half_the_log_determinant() -> None:
    design = make_design(pool=False)
    design.pick(4)
    gains = design.gains()

    for pick in range(5, 10):
        before, after = (torch.logdet(covariance_after(design, picks)) for picks in ([4], [4, pick]))
        assert gains[pick].item() == pytest.approx((before - after).item() / 2, abs=1e-10)


def test_greedy_log_det_takes_what_brute_force_greedy_takes() -> None:
    design = make_design(pool=False)
    expected: list[int] = []
    for _ in range(6):
        left = [i for i in range(30) if i not in expected]
        expected.append(min(left, key=lambda i: torch.logdet(covariance_after(design, [*expected, i])).item()))

    chosen, _ = pick_greedily(design, free_gate(30), 6)

    assert chosen == expected


def test_greedy_log_det_is_within_the_bound_of_the_best_set() -> None:
    """A monotone submodular gain is at least 1 - 1/e of the best. Nemhauser, Wolsey & Fisher 1978."""
    design = make_design(n=10, pool=False)
    best = max(-torch.logdet(covariance_after(design, list(some))).item() / 2 for some in combinations(range(10), 3))

    _, gains = pick_greedily(design, free_gate(10), 3)

    assert 0.632 * best <= sum(gains) <= best + 1e-12


def test_a_prompt_gets_no_more_than_its_cap() -> None:
    gate = Gate(torch.arange(30) // 10, cap=2)

    chosen, _ = pick_greedily(make_design(pool=True), gate, 30)

    assert sorted(i // 10 for i in chosen) == [0, 0, 1, 1, 2, 2]


def test_a_near_duplicate_of_a_pick_is_passed_over() -> None:
    design = make_design(pool=True)
    best, _ = pick_greedily(make_design(pool=True), free_gate(30), 1)
    rows = design.rows_PK.clone()
    rows[29] = -0.9 * rows[best[0]]  # the same difference, the other way round

    chosen, _ = pick_greedily(Design(rows, design.v_P, design.pool_KK), free_gate(30), 30)

    assert best[0] in chosen
    assert 29 not in chosen
    assert 0.9 < NEAR_DUPLICATE < 1


def test_pairs_that_tell_nothing_are_never_picked() -> None:
    design = Design(torch.zeros(4, 3), torch.full((4,), 0.25).double(), torch.eye(3))

    assert pick_greedily(design, free_gate(4), 4) == ([], [])
