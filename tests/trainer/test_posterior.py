from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from tests.trainer.simulated import SCALES, make_small_problem
from trainer.fit import Fit, Objective, fit_head
from trainer.likelihood import Intervals
from trainer.outcomes import Scale, ScaleName
from trainer.posterior import (
    Influence,
    influence,
    laplace_posterior,
    leave_group_out,
    leave_one_out,
    leave_pair_out,
    posterior_over,
    sharpness,
)
from trainer.problem import Problem, make_problem

CLOSE = 0.01  # logit


def fitted(name: ScaleName = "binary", n_labels: int = 120, size: int = 4) -> tuple[Problem, Fit]:
    problem = make_small_problem(name, n_labels=n_labels, size=size)
    return problem, fit_head(problem, 1)


def judged(problem: Problem, fit: Fit) -> Influence:
    return influence(problem, fit, laplace_posterior(problem, fit))


def margin_without(problem: Problem, fit: Fit, left_out: torch.Tensor) -> torch.Tensor:
    """Refit without some labels, cut points as they were, and return every label's margin."""
    weight_B = torch.where(left_out, 0, problem.weight_B)
    if not len(fit.point.log_step):
        return fit_head(replace(problem, weight_B=weight_B), fit.prior_precision).point.margin_B
    objective = Objective(replace(problem, weight_B=weight_B), fit.prior_precision)
    weight_K, log_step = fit.start
    for _ in range(8):
        point = objective.at(weight_K, log_step)
        n = len(weight_K)
        weight_K = weight_K - torch.linalg.solve(objective.hessian(point)[:n, :n], objective.gradient(point)[:n])
    return objective.at(weight_K, log_step).margin_B


def test_the_variance_of_a_margin_is_that_of_the_inverse_hessian() -> None:
    problem, fit = fitted()
    hessian = Objective(problem, 1).hessian(fit.point)
    difference = problem.graph.difference(problem.coordinates_RK.double())
    expected = (difference @ torch.linalg.inv(hessian) * difference).sum(1)

    variances = laplace_posterior(problem, fit).variances(problem.graph.first, problem.graph.second)

    torch.testing.assert_close(variances, expected, rtol=1e-5, atol=0)


def test_responses_without_labels_are_seen_by_the_same_posterior() -> None:
    problem, fit = fitted()
    posterior = laplace_posterior(problem, fit)
    more = torch.cat([problem.coordinates_RK, problem.coordinates_RK])

    seen = posterior_over(more, fit.point.weight_K, posterior.factor_KK)

    twins = torch.arange(len(problem.coordinates_RK))
    assert seen.margins(twins, twins + len(twins)).abs().max() == 0
    assert seen.variances(twins, twins + len(twins)).abs().max() == 0


@pytest.mark.parametrize(("margin", "variance"), [(0.5, 0.2), (1, 1), (-2, 3), (4, 0.5)])
def test_a_moderated_probability_averages_over_the_posterior(margin: float, variance: float) -> None:
    exact, _ = quad(lambda m: expit(m) * norm.pdf(m, margin, variance**0.5), -40, 40, points=[margin])

    moderated = torch.sigmoid(sharpness(torch.tensor(variance)) * margin)

    assert moderated.item() == pytest.approx(exact, abs=0.012)


def test_a_temperature_sharpens_and_its_own_variance_moderates() -> None:
    at_two = sharpness(torch.tensor(0.5), 2.0)

    assert at_two.item() == pytest.approx(2 / (1 + np.pi * 4 * 0.5 / 8) ** 0.5)


@pytest.mark.parametrize("name", SCALES)
def test_leave_one_out_margins_are_those_of_exact_refits(name: ScaleName) -> None:
    problem, fit = fitted(name)
    n = len(problem.weight_B)
    exact = [margin_without(problem, fit, torch.arange(n) == i)[i].item() for i in range(n)]

    left_out = leave_one_out(judged(problem, fit))

    assert left_out.margin_B.tolist() == pytest.approx(exact, abs=CLOSE)


def test_the_left_out_variance_is_that_of_the_posterior_without_the_label() -> None:
    problem, fit = fitted()
    kept = problem.weight_B * (torch.arange(len(problem.weight_B)) != 3)
    hessian = Objective(replace(problem, weight_B=kept), 1).hessian(fit.point)
    difference = problem.graph.difference(problem.coordinates_RK.double())[3]

    left_out = leave_one_out(judged(problem, fit))

    expected = difference @ torch.linalg.solve(hessian, difference)
    assert left_out.variance_B[3].item() == pytest.approx(expected.item(), rel=1e-4)


def test_leaving_a_pair_out_leaves_out_all_its_labels() -> None:
    problem, fit = fitted(n_labels=400)
    pair_B = problem.graph.first * 100 + problem.graph.second
    some = [0, 7, 42]
    exact = [margin_without(problem, fit, pair_B == pair_B[i])[i].item() for i in some]

    left_out = leave_pair_out(judged(problem, fit), pair_B)

    assert left_out.margin_B[some].tolist() == pytest.approx(exact, abs=CLOSE)


def test_pairs_of_one_label_are_left_out_as_single_labels() -> None:
    labels = judged(*fitted())

    by_pair = leave_pair_out(labels, torch.arange(len(labels.margin_B)))

    torch.testing.assert_close(tuple(by_pair), tuple(leave_one_out(labels)))


@pytest.mark.parametrize("size", [2, 12])
def test_leaving_a_group_out_agrees_with_exact_refits(size: int) -> None:
    """Groups of 6 labels: more than the 2 directions, fewer than the 12, so both ways of solving are used."""
    problem, fit = fitted(n_labels=300, size=size)
    group_B = torch.arange(300) % 50
    first_group = group_B == 0
    exact = margin_without(problem, fit, first_group)[first_group]

    left_out = leave_group_out(judged(problem, fit), problem, laplace_posterior(problem, fit), group_B)

    assert left_out.margin_B[first_group].tolist() == pytest.approx(exact.tolist(), abs=CLOSE)


@pytest.mark.parametrize("size", [2, 12])
def test_groups_that_are_pairs_are_left_out_as_pairs(size: int) -> None:
    problem, fit = fitted(n_labels=400, size=size)
    pair_B = problem.graph.first * 100 + problem.graph.second
    labels = judged(problem, fit)

    by_group = leave_group_out(labels, problem, laplace_posterior(problem, fit), pair_B)

    by_pair = leave_pair_out(labels, pair_B)
    torch.testing.assert_close(by_group.margin_B, by_pair.margin_B, atol=1e-5, rtol=0)
    torch.testing.assert_close(by_group.variance_B, by_pair.variance_B, atol=1e-5, rtol=0)


def one_pair_judged_often(apart: float, size: int = 100) -> Problem:
    """Return 10,000 labels of a pair that differs by so much, and 200 of other pairs that say nothing of it."""
    rng, plain = np.random.default_rng(0), make_small_problem(n_labels=200, n_responses=18, size=size)
    coordinates_RK = torch.cat([torch.full((2, size), 0.2), plain.coordinates_RK])
    coordinates_RK[1, 0] += apart
    first, second = (
        torch.cat([torch.full((10_000,), end), ends + 2])
        for end, ends in enumerate((plain.graph.first, plain.graph.second))
    )
    upper = torch.from_numpy(np.where(rng.random(10_200) < 0.7, 2, 1))
    told = Intervals(upper - 1, upper), torch.ones(10_200).double(), Scale("binary")
    return make_problem(coordinates_RK, first, second, *told)


@pytest.mark.parametrize(("apart", "within"), [(0.5, 0.02), (1, 0.05), (3, 0.1)])
def test_a_pair_judged_ten_thousand_times_is_left_out_as_by_an_exact_refit(apart: float, within: float) -> None:
    """Its labels say all but a share of 1e-4 to 3e-6 of what is known of it: what fp32 has to keep."""
    problem = one_pair_judged_often(apart)
    fit = fit_head(problem, 1 / 16)
    pair_B = problem.graph.first * 100 + problem.graph.second
    exact = margin_without(problem, fit, pair_B == pair_B[0])[0].item()

    by_pair = leave_pair_out(judged(problem, fit), pair_B)
    by_group = leave_group_out(judged(problem, fit), problem, laplace_posterior(problem, fit), pair_B)

    assert abs(fit.point.margin_B[0].item() - exact) > 0.2
    assert by_pair.margin_B[0].item() == pytest.approx(exact, rel=within)
    assert by_group.margin_B[0].item() == pytest.approx(exact, rel=within)


def test_where_rounding_leaves_nothing_to_tell_the_left_out_variance_is_a_lower_bound(
    caplog: pytest.LogCaptureFixture,
) -> None:
    problem = one_pair_judged_often(30)
    fit = fit_head(problem, 1 / 16)
    labels, posterior = judged(problem, fit), laplace_posterior(problem, fit)
    pair_B = problem.graph.first * 100 + problem.graph.second

    by_pair = leave_pair_out(labels, pair_B)
    by_group = leave_group_out(labels, problem, posterior, pair_B)

    for left_out in (by_pair, by_group):
        assert labels.leverage_B[0] < left_out.variance_B[0] < 30**2 * 16  # the prior's
        assert left_out.margin_B.isfinite().all()
    assert "lower bound" in caplog.text


def test_intervals_of_margins_hold_the_truth_nineteen_times_in_twenty() -> None:
    """Weights are drawn from the prior, so that the posterior is right but for Laplace's approximation."""
    rng = np.random.default_rng(0)
    covered = []
    for seed in range(150):
        problem = make_small_problem(n_labels=200, n_responses=40, size=8, seed=seed)
        truth_B = problem.margins(torch.from_numpy(rng.standard_normal(8)))
        upper = torch.where(truth_B + torch.from_numpy(rng.logistic(size=200)) > 0, 2, 1)
        told = replace(problem, intervals=Intervals(upper - 1, upper), weight_B=torch.ones(200).double())
        posterior = laplace_posterior(told, fit_head(told, 1))
        ends = problem.graph.first, problem.graph.second
        off = (posterior.margins(*ends) - truth_B).abs() / posterior.variances(*ends).sqrt()
        covered.append((off <= 1.96).double().mean().item())

    assert 0.93 <= np.mean(covered) <= 0.97
