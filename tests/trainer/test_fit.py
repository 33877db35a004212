from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from tests.trainer.simulated import SCALES, make_ends, make_mixed_problem, make_small_problem
from trainer.fit import GRADIENT_TOLERANCE, Curvature, Objective, factorise, fit_few, fit_head
from trainer.likelihood import PRIOR_VARIANCE, Intervals
from trainer.outcomes import Outcome, Scale, ScaleName, verdict_intervals
from trainer.problem import Problem, make_problem


def differences(problem: Problem) -> npt.NDArray[np.float64]:
    return problem.graph.difference(problem.coordinates_RK.double()).numpy()


def binary_problem(first_won: list[bool], coordinates: torch.Tensor | None = None) -> Problem:
    """Return verdicts on the one pair of two responses."""
    upper = torch.tensor([2 if won else 1 for won in first_won])
    first = torch.zeros(len(first_won), dtype=torch.int64)
    ends = coordinates if coordinates is not None else torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    weight = torch.ones(len(first_won), dtype=torch.float64)
    return make_problem(ends, first, first + 1, Intervals(upper - 1, upper), weight, Scale("binary"))


@pytest.mark.parametrize("make", [make_small_problem, make_mixed_problem])
@pytest.mark.parametrize("name", SCALES)
def test_the_gradient_is_that_of_finite_differences(name: ScaleName, make: Callable[..., Problem]) -> None:
    objective = Objective(make(name), 0.7)
    n_steps = Scale(name).n_steps
    here = torch.linspace(-1, 1, 4 + n_steps, dtype=torch.float64)

    def value(point: torch.Tensor) -> float:
        return objective.at(point[:4], point[4:]).objective

    ours = objective.gradient(objective.at(here[:4], here[4:]))

    steps = 1e-6 * torch.eye(len(here), dtype=torch.float64)
    theirs = [(value(here + step) - value(here - step)) / 2e-6 for step in steps]
    assert ours.tolist() == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("make", [make_small_problem, make_mixed_problem])
@pytest.mark.parametrize("name", SCALES)
def test_the_hessian_is_that_of_finite_differences(name: ScaleName, make: Callable[..., Problem]) -> None:
    problem = make(name, n_labels=200)
    best = fit_head(problem, 0.7)
    objective = Objective(problem, 0.7)
    here = torch.cat(list(best.start))

    def gradient(point: torch.Tensor) -> torch.Tensor:
        return objective.gradient(objective.at(point[:4], point[4:]))

    ours = objective.hessian(best.point)

    steps = 1e-6 * torch.eye(len(here), dtype=torch.float64)
    theirs = torch.stack([(gradient(here + step) - gradient(here - step)) / 2e-6 for step in steps])
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("n_labels", [8, 60])
def test_the_hessian_is_the_same_by_labels_and_by_responses(n_labels: int) -> None:
    problem = make_small_problem(n_labels=n_labels)
    curvature = torch.linspace(0.1, 1, n_labels, dtype=torch.float64)
    x = differences(problem)

    assert np.allclose(problem.gram(curvature), x.T @ np.diag(curvature) @ x, atol=1e-5)


def test_two_outcomes_give_the_weights_of_logistic_regression_on_differences() -> None:
    problem = make_small_problem(n_labels=300)
    precision = 0.7
    theirs = LogisticRegression(C=1 / precision, fit_intercept=False, tol=1e-10, solver="newton-cholesky")
    theirs.fit(differences(problem), problem.intervals.upper_B.numpy() == 2, problem.weight_B.numpy())

    ours = fit_head(problem, precision)

    assert ours.point.weight_K.tolist() == pytest.approx(theirs.coef_[0].tolist(), abs=1e-6)
    assert ours.gradient < GRADIENT_TOLERANCE


def test_ties_give_the_weights_and_edge_of_rao_and_kupper() -> None:
    problem = make_small_problem("ties", n_labels=300)
    x, weight = differences(problem), problem.weight_B.numpy()
    outcome = problem.intervals.upper_B.numpy()  # 1 second, 2 tie, 3 first

    def rao_kupper(parameters: npt.NDArray[np.float64]) -> float:
        strong, theta = np.exp(x @ parameters[:4]), np.exp(np.exp(parameters[4]))
        first, second = strong / (strong + theta), 1 / (1 + theta * strong)
        chance = np.select([outcome == 3, outcome == 1], [first, second], 1 - first - second)
        prior = 0.7 * parameters[:4] @ parameters[:4] + parameters[4] ** 2 / PRIOR_VARIANCE
        return float(-weight @ np.log(chance) + prior / 2)

    theirs = minimize(rao_kupper, np.zeros(5), method="BFGS", options={"gtol": 1e-8}).x

    ours = fit_head(problem, 0.7)

    assert torch.cat(list(ours.start)).tolist() == pytest.approx(theirs.tolist(), abs=1e-5)


@pytest.mark.parametrize("name", SCALES)
def test_a_warm_start_ends_where_a_cold_one_does_and_sooner(name: ScaleName) -> None:
    problem = make_small_problem(name, n_labels=300)
    cold = fit_head(problem, 1)
    almost = replace(problem, weight_B=problem.weight_B * torch.where(torch.arange(300) < 297, 1, 0))

    warm = fit_head(problem, 1, fit_head(almost, 1).start)

    torch.testing.assert_close(warm.point.weight_K, cold.point.weight_K, atol=1e-6, rtol=0)
    assert warm.n_steps < cold.n_steps


@pytest.mark.parametrize("name", SCALES)
def test_few_labels_are_fitted_exactly_in_their_own_span(name: ScaleName) -> None:
    problem = make_small_problem(name, n_labels=10, size=30)
    cold = fit_head(problem, 0.7)

    for start in (None, cold.start):
        few = fit_few(problem, 0.7, start)

        torch.testing.assert_close(few.point.weight_K, cold.point.weight_K, atol=1e-6, rtol=0)
        torch.testing.assert_close(few.point.cuts_C, cold.point.cuts_C, atol=1e-6, rtol=0)
    assert few.n_steps == 0


def test_an_inverse_that_is_given_takes_the_place_of_hessians() -> None:
    """Here the prior's alone: the search is then L-BFGS, and ends at the same minimum."""
    problem = make_small_problem("ties", n_labels=300)

    plain = fit_head(problem, 0.7, inverse=lambda vector: vector / 100)

    assert plain.n_factors == 0
    torch.testing.assert_close(plain.point.weight_K, fit_head(problem, 0.7).point.weight_K, atol=1e-6, rtol=0)


def test_a_mended_inverse_turns_the_last_change_of_gradient_into_its_step() -> None:
    """The secant equation. Nocedal & Wright 2006, equation 6.6."""
    rng = np.random.default_rng(0)
    root = torch.from_numpy(rng.standard_normal((5, 5)))
    hessian, curvature = root @ root.T + torch.eye(5), Curvature(lambda vector: vector)
    for _ in range(3):
        step = torch.from_numpy(rng.standard_normal(5))
        curvature = curvature.after(step, hessian @ step)

    torch.testing.assert_close(curvature.solve(hessian @ step), step)


def test_a_weight_of_two_is_the_same_label_twice() -> None:
    once, twice = binary_problem([True, False]), binary_problem([True, True, False])
    heavy = replace(once, weight_B=torch.tensor([2.0, 1.0], dtype=torch.float64))

    assert torch.allclose(fit_head(heavy, 1).point.weight_K, fit_head(twice, 1).point.weight_K)


def test_swapping_first_and_second_negates_the_margin() -> None:
    problem = make_small_problem("strength5")
    top = Scale("strength5").n_cuts + 1
    mirrored = Intervals(top - problem.intervals.upper_B, top - problem.intervals.lower_B)
    ends = problem.graph.second, problem.graph.first
    swapped = make_problem(problem.coordinates_RK, *ends, mirrored, problem.weight_B, Scale("strength5"))

    torch.testing.assert_close(fit_head(swapped, 1).point.margin_B, -fit_head(problem, 1).point.margin_B)


def test_adding_a_constant_to_all_embeddings_changes_nothing() -> None:
    problem = make_small_problem()
    moved = replace(
        problem,
        coordinates_RK=problem.coordinates_RK + 8,
        wide_RK=problem.wide_RK + 8,
    )

    torch.testing.assert_close(
        fit_head(moved, 1).point.margin_B, fit_head(problem, 1).point.margin_B, atol=1e-6, rtol=0
    )


def test_no_labels_leave_the_prior() -> None:
    nothing = torch.empty(0, dtype=torch.int64)
    problem = make_problem(
        torch.ones(3, 2), nothing, nothing, Intervals(nothing, nothing), torch.empty(0).double(), Scale("ties")
    )

    fit = fit_head(problem, 1)

    assert fit.point.weight_K.tolist() == [0, 0]
    assert fit.point.cuts_C.tolist() == [-1, 1]


@pytest.mark.parametrize("first_won", [[True], [True] * 500, [True, False] * 50])
def test_one_sided_and_contradictory_verdicts_have_a_finite_fit(first_won: list[bool]) -> None:
    fit = fit_head(binary_problem(first_won), 1)

    assert torch.isfinite(fit.point.weight_K).all()
    assert fit.gradient < GRADIENT_TOLERANCE


@pytest.mark.parametrize("name", SCALES[1:])
def test_nothing_but_ties_has_a_finite_fit(name: ScaleName) -> None:
    rng = np.random.default_rng(0)
    first, second = (torch.from_numpy(ends) for ends in make_ends(rng, 40, 12))
    ties, zeros = np.full(40, Outcome.TIE), np.zeros(40, np.int64)
    lower, upper, weight = verdict_intervals(ties, zeros, np.ones(40), Scale(name))
    intervals = Intervals(torch.from_numpy(lower), torch.from_numpy(upper))
    coordinates = torch.from_numpy(rng.standard_normal((12, 4)))

    fit = fit_head(make_problem(coordinates, first, second, intervals, torch.from_numpy(weight), Scale(name)), 1)

    assert fit.gradient < GRADIENT_TOLERANCE
    assert 1 < fit.point.cuts_C[-1] < 100


def test_a_broken_hessian_is_mended_with_ten_times_the_prior() -> None:
    mended = factorise(torch.diag(torch.tensor([-0.5, 1.0], dtype=torch.float64)), 0.1)

    assert mended.precision == 1
    torch.testing.assert_close(mended.lower.diagonal().square().tolist(), [0.4, 1.9])
