import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from tests.trainer.simulated import SCALES
from trainer.likelihood import (
    CutPoints,
    Intervals,
    cut_terms,
    decisive_probability,
    fisher_information,
    log_probability,
    margin_terms,
    preference_loss,
    tie_edge,
    tie_probability,
    with_infinities,
)
from trainer.outcomes import Scale, ScaleName

margins = st.floats(-30, 30)
edges = st.floats(0.05, 5)


def double(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize(("margin", "loss"), [(0, 0.693), (1, 0.313), (2, 0.127), (3, 0.049)])
def test_the_loss_of_a_margin_is_the_textbook_one(margin: float, loss: float) -> None:
    assert preference_loss(double(margin), double(1)).item() == pytest.approx(loss, abs=5e-4)


def test_a_gradient_descent_step_is_the_textbook_one() -> None:
    first, second = double(2.1, -0.3), double(1.5, 0.4)
    weight = double(0, 0).requires_grad_()
    offset = torch.logit(double(0.88))  # puts sigma(margin) at .88, whatever the weights

    preference_loss((first - second) @ weight + offset, double(1)).backward()
    step = -0.01 * weight.grad

    assert step.tolist() == pytest.approx([0.00072, -0.00084], abs=1e-9)


@given(margins)
def test_a_target_of_one_half_is_the_mean_of_both_verdicts(margin: float) -> None:
    both = (preference_loss(double(margin), double(1)) + preference_loss(double(margin), double(0))) / 2

    assert preference_loss(double(margin), double(0.5)).item() == pytest.approx(both.item())


def test_the_loss_stays_finite_at_any_margin() -> None:
    loss = preference_loss(double(-1e6, 1e6), double(1, 0))

    assert loss.item() == pytest.approx(1e6)


@given(margins, edges)
def test_with_ties_the_model_is_rao_kuppers(margin: float, tau: float) -> None:
    strong, weak, theta = np.exp(margin / 2), np.exp(-margin / 2), np.exp(tau)
    first = strong / (strong + theta * weak)
    tie = strong * weak * (theta**2 - 1) / ((strong + theta * weak) * (theta * strong + weak))
    ladder = with_infinities(double(-tau, tau))

    ours = log_probability(double(margin), ladder[:-1], ladder[1:]).exp()

    assert ours.tolist() == pytest.approx([1 - first - tie, tie, first], abs=1e-9)
    assert tie_probability(double(margin), double(tau)).item() == pytest.approx(tie, abs=1e-9)


@given(margins, edges)
def test_a_decisive_probability_is_that_of_first_given_no_tie(margin: float, tau: float) -> None:
    first, second = torch.sigmoid(double(margin - tau)), torch.sigmoid(double(-margin - tau))

    ours = decisive_probability(double(margin), double(tau))

    assert ours.item() == pytest.approx((first / (first + second)).item())


@pytest.mark.parametrize("name", SCALES)
@given(margin=margins)
def test_the_probabilities_of_all_verdicts_sum_to_one(name: ScaleName, margin: float) -> None:
    ladder = with_infinities(CutPoints(Scale(name)).cuts(double(*[-0.2] * Scale(name).n_steps)))

    total = log_probability(double(margin), ladder[:-1], ladder[1:]).exp().sum()

    assert total.item() == pytest.approx(1)


def test_a_far_off_verdict_has_finite_loss_and_derivatives() -> None:
    terms = margin_terms(double(1e4, -1e4), double(-torch.inf, 0), double(0, torch.inf))

    assert terms.loss_B.tolist() == [1e4, 1e4]
    assert terms.rho_B.tolist() == [1, -1]
    assert terms.v_B.tolist() == [0, 0]


@pytest.mark.parametrize("name", SCALES)
def test_derivatives_in_the_margin_are_those_of_finite_differences(name: ScaleName) -> None:
    ladder = with_infinities(CutPoints(Scale(name)).cuts(double(*[0.1] * Scale(name).n_steps)))
    lower, upper = ladder[:-1], ladder[1:]
    margin = torch.linspace(-2, 2, len(lower), dtype=torch.float64)
    step = 1e-5

    above, here, below = (margin_terms(margin + shift, lower, upper) for shift in (step, 0, -step))

    torch.testing.assert_close((above.loss_B - below.loss_B) / (2 * step), here.rho_B, atol=1e-9, rtol=0)
    torch.testing.assert_close((above.rho_B - below.rho_B) / (2 * step), here.v_B, atol=1e-9, rtol=0)


@pytest.mark.parametrize("name", SCALES[1:])
def test_derivatives_in_the_cut_points_are_those_of_automatic_differentiation(name: ScaleName) -> None:
    cuts = CutPoints(Scale(name)).cuts(double(*[0.1] * Scale(name).n_steps))
    n = len(cuts) + 1
    intervals = Intervals(torch.arange(n), torch.arange(1, n + 1))
    weight, margin = torch.linspace(0.5, 1.5, n, dtype=torch.float64), torch.linspace(-2, 2, n, dtype=torch.float64)

    def loss(cuts_C: torch.Tensor, margin_B: torch.Tensor) -> torch.Tensor:
        return weight @ margin_terms(margin_B, *intervals.bounds(cuts_C)).loss_B

    terms = cut_terms(margin, cuts, intervals, weight)
    (in_cuts, across), _ = torch.autograd.functional.hessian(loss, (cuts, margin))

    torch.testing.assert_close(terms.gradient_C, torch.func.grad(loss)(cuts, margin))
    torch.testing.assert_close(terms.curvature_CC, in_cuts)
    torch.testing.assert_close(terms.mixed_CB, across)


@pytest.mark.parametrize("name", SCALES[1:])
def test_cut_points_are_symmetric_and_come_back_from_their_increments(name: ScaleName) -> None:
    points = CutPoints(Scale(name))
    log_step = torch.linspace(-0.5, 0.5, Scale(name).n_steps, dtype=torch.float64)

    cuts = points.cuts(log_step)

    torch.testing.assert_close(cuts, -cuts.flip(0))
    torch.testing.assert_close(points.log_steps(cuts), log_step)
    torch.testing.assert_close(points.jacobian(log_step), torch.func.jacrev(points.cuts)(log_step))


@given(margins)
def test_two_outcomes_carry_the_information_of_a_coin(margin: float) -> None:
    p = torch.sigmoid(double(margin))

    assert fisher_information(double(margin), double(0)).item() == pytest.approx((p * (1 - p)).item())


def test_information_is_the_expected_square_of_the_score() -> None:
    cuts, margin = double(-1.1, -0.4, 0.4, 1.1), double(0.8)
    ladder = with_infinities(cuts)
    chance = log_probability(margin, ladder[:-1], ladder[1:]).exp()
    score = margin_terms(margin, ladder[:-1], ladder[1:]).rho_B

    information = fisher_information(margin, cuts)

    assert information.item() == pytest.approx((chance @ score.square()).item())


def test_a_verdict_is_the_margin_plus_logistic_noise() -> None:
    lower, upper, margin = 0.4, 1.1, 0.3

    def density(x: float) -> float:
        return float(np.exp(-x) / (1 + np.exp(-x)) ** 2)

    area, _ = quad(density, lower - margin, upper - margin)

    assert log_probability(double(margin), double(lower), double(upper)).exp().item() == pytest.approx(area)


def test_the_tie_edge_is_the_innermost_cut_point() -> None:
    assert tie_edge(double(-1.1, -0.4, 0.4, 1.1)).item() == 0.4
    assert tie_edge(double(0)).item() == 0
