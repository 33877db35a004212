import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import expit

from tests.trainer.simulated import SCALES, make_small_problem
from trainer.beside import FLAT, Bordered, fit_beside
from trainer.fit import Objective, fit_head
from trainer.outcomes import ScaleName
from trainer.problem import Problem


def make_columns(n_labels: int = 60) -> dict[str, torch.Tensor]:
    rng = np.random.default_rng(1)
    position, length = rng.choice([-1.0, 1.0], n_labels), rng.uniform(-1, 1, n_labels)
    return {"position": torch.from_numpy(position), "length": torch.from_numpy(length)}


def make_bordered(problem: Problem) -> Bordered:
    return Bordered(**vars(problem), column_BE=torch.stack(list(make_columns(len(problem.weight_B)).values()), 1))


def design(problem: Problem) -> np.ndarray:
    """Return the differences and the columns as one matrix, a row per label."""
    difference = problem.graph.difference(problem.coordinates_RK.double()).numpy()
    return np.column_stack([difference, *make_columns(len(difference)).values()])


def test_the_joint_fit_is_the_minimum_that_scipy_finds_without_a_penalty_on_the_columns() -> None:
    problem = make_small_problem()
    rows, weight, first_won = design(problem), problem.weight_B.numpy(), problem.intervals.lower_B.numpy() == 1
    sign, penalty = np.where(first_won, 1, -1), np.array([1, 1, 1, 1, 0, 0])

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (rows @ theta)
        gradient = rows.T @ (weight * sign * (expit(margin) - 1)) + penalty * theta
        return weight @ np.logaddexp(0, -margin) + penalty @ theta**2 / 2, gradient

    best = minimize(loss, np.zeros(6), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    v = weight * expit(rows @ best) * expit(-rows @ best)
    deviation = np.linalg.inv(rows.T @ (v[:, None] * rows) + np.diag(penalty)).diagonal() ** 0.5

    found = fit_beside(problem, fit_head(problem, 1), make_columns())

    position, length = found.effects["position"], found.effects["length"]
    assert found.weight_K.tolist() == pytest.approx(best[:4], abs=1e-4)
    assert [position.coefficient, length.coefficient] == pytest.approx(best[4:], abs=1e-3)
    assert position.interval == pytest.approx((best[4] - 1.96 * deviation[4], best[4] + 1.96 * deviation[4]), abs=2e-3)
    assert length.interval == pytest.approx((best[5] - 1.96 * deviation[5], best[5] + 1.96 * deviation[5]), abs=2e-3)


@pytest.mark.parametrize("scale", SCALES)
def test_derivatives_are_those_of_finite_differences(scale: ScaleName) -> None:
    bordered = make_bordered(make_small_problem(scale))
    objective, n_steps = Objective(bordered, 1.0), bordered.cut_points.scale.n_steps
    theta = torch.from_numpy(np.random.default_rng(0).standard_normal(6 + n_steps) / 3)

    def point_at(theta: torch.Tensor) -> tuple[float, torch.Tensor]:
        point = objective.at(theta[:6], theta[6:])
        return point.objective, objective.gradient(point)

    steps = 1e-5 * torch.eye(len(theta), dtype=torch.float64)
    ends = [(point_at(theta + step), point_at(theta - step)) for step in steps]
    slope = [(up[0] - down[0]) / 2e-5 for up, down in ends]
    bend = torch.stack([(up[1] - down[1]) / 2e-5 for up, down in ends])

    point = objective.at(theta[:6], theta[6:])

    assert objective.gradient(point).tolist() == pytest.approx(slope, abs=1e-6)
    torch.testing.assert_close(objective.hessian(point)[:6], bend[:6], atol=1e-5, rtol=1e-5)


def test_seeing_every_pair_the_other_way_round_negates_the_effect() -> None:
    problem = make_small_problem("ties")
    fit, position = fit_head(problem, 1), make_columns()["position"]

    one = fit_beside(problem, fit, {"position": position}).effects["position"]
    other = fit_beside(problem, fit, {"position": -position}).effects["position"]

    assert other.coefficient == pytest.approx(-one.coefficient)
    assert other.interval == pytest.approx((-one.interval[1], -one.interval[0]))


def test_a_column_of_zeros_has_no_effect_and_says_that_nothing_is_known() -> None:
    problem = make_small_problem()
    fit = fit_head(problem, 1)

    found = fit_beside(problem, fit, {"headers": torch.zeros(60)})

    assert found.effects["headers"].coefficient == 0
    assert found.effects["headers"].interval[1] == pytest.approx(1.96 * FLAT, rel=1e-3)
    torch.testing.assert_close(found.weight_K, fit.point.weight_K, atol=1e-6, rtol=0)


def test_an_effect_is_found_and_taken_out_of_the_head() -> None:
    """First is longer wherever it is good, and people choose by length alone: the style-free head has little left."""
    rng = np.random.default_rng(0)
    problem = make_small_problem(n_labels=2000)
    margin = problem.graph.difference(problem.coordinates_RK.double())[:, 0].numpy()
    length = np.tanh(2 * margin + rng.standard_normal(2000))
    first_won = torch.from_numpy(rng.random(2000) < expit(1.5 * length))
    intervals = type(problem.intervals)(first_won.long(), first_won.long() + 1)
    told = type(problem)(**{**vars(problem), "intervals": intervals, "weight_B": torch.ones(2000).double()})
    fit = fit_head(told, 1)

    found = fit_beside(told, fit, {"length": torch.from_numpy(length)})

    low, high = found.effects["length"].interval
    assert low < 1.5 < high
    assert found.weight_K[0].abs() < fit.point.weight_K[0].abs() / 2
