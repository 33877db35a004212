from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.special import log_expit
from scipy.stats import norm

from tests.trainer.simulated import make_ends, make_small_problem
from trainer.fit import fit_head
from trainer.likelihood import Intervals
from trainer.outcomes import Scale
from trainer.posterior import LeftOut, laplace_posterior
from trainer.problem import Problem, make_problem
from trainer.tune import (
    DEFAULT_PRECISION,
    GRID,
    can_tune_precision,
    fit_temperature,
    left_out_loss,
    precision_for,
    tune_precision,
)

Floats = npt.NDArray[np.float64]


def make_prompts(
    prior_variance: float, *, n_labels: int = 2000, size: int = 20, n_prompts: int = 30
) -> tuple[Problem, torch.Tensor]:
    """Return labels of responses to prompts, by weights drawn from a prior of that variance, and their prompts."""
    rng = np.random.default_rng(0)
    coordinates_NK = torch.from_numpy(rng.standard_normal((10 * n_prompts, size)) / np.sqrt(2 * size))
    prompt_B = rng.integers(0, n_prompts, n_labels)
    first, second = (torch.from_numpy(10 * prompt_B + end) for end in make_ends(rng, n_labels, 10))
    weight_K = torch.from_numpy(rng.standard_normal(size)) * prior_variance**0.5
    margin_B = (coordinates_NK[first] - coordinates_NK[second]) @ weight_K
    upper = torch.where(margin_B + torch.from_numpy(rng.logistic(size=n_labels)) > 0, 2, 1)
    weight_B = torch.ones(n_labels, dtype=torch.float64)
    problem = make_problem(coordinates_NK, first, second, Intervals(upper - 1, upper), weight_B, Scale("binary"))
    return problem, torch.from_numpy(prompt_B)


def every(problem: Problem) -> torch.Tensor:
    return torch.ones(len(problem.weight_B), dtype=torch.bool)


@pytest.mark.parametrize("prior_variance", [0.25, 16.0])
def test_the_tuned_prior_is_near_that_of_the_people(prior_variance: float) -> None:
    problem, prompt_B = make_prompts(prior_variance, size=100)

    precision = tune_precision(problem, prompt_B, every(problem), None)

    assert 1 / precision == pytest.approx(prior_variance, rel=0.76)


def test_five_prompts_need_twenty_unchosen_labels_each() -> None:
    prompt_B = torch.arange(5).repeat_interleave(20)
    unchosen = torch.ones(100, dtype=torch.bool)

    assert can_tune_precision(prompt_B, unchosen)
    assert not can_tune_precision(prompt_B, unchosen & (torch.arange(100) > 0))
    assert not can_tune_precision(torch.zeros(100, dtype=torch.int64), unchosen)


def test_without_enough_labels_the_prior_is_the_default() -> None:
    problem = make_small_problem()

    assert precision_for(problem, torch.zeros(60).long(), every(problem), last=None, start=None) == (
        DEFAULT_PRECISION,
        0,
    )


def test_a_prior_stands_until_the_labels_have_grown_by_a_fifth() -> None:
    problem, prompt_B = make_prompts(1)

    kept = precision_for(problem, prompt_B, every(problem), last=(7.0, 1700), start=None)
    tuned = precision_for(problem, prompt_B, every(problem), last=(7.0, 1600), start=None)

    assert kept == (7.0, 1700)
    assert tuned[0] != 7.0
    assert tuned[1] == 2000


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_the_temperature_of_over_or_under_confident_margins_is_found(temperature: float) -> None:
    problem, _ = make_prompts(4)
    fit = fit_head(problem, 1 / 4)
    honest = LeftOut(fit.point.margin_B, torch.zeros_like(fit.point.margin_B))
    wrong = honest._replace(margin_B=honest.margin_B / temperature)

    at_one = fit_temperature(problem, fit, honest, every(problem))
    found = fit_temperature(problem, fit, wrong, every(problem))

    assert found == pytest.approx(temperature * at_one, rel=0.05)  # 2,000 labels leave the prior little to say


def test_the_temperature_is_the_most_probable_one() -> None:
    """Against every value of a grid: the mean of scipy's logistic loss, and a normal density of deviation 0.4."""
    problem, _ = make_prompts(4)
    fit = fit_head(problem, 1 / 4)
    margin_B, some_B = fit.point.margin_B / 2, torch.arange(2000) < 150
    won = problem.intervals.lower_B[some_B].numpy() > 0
    felt = np.where(won, 1, -1) * margin_B[some_B].numpy()
    grid = np.linspace(-1, 1, 4001)
    posterior = [log_expit(np.exp(one) * felt).sum() + norm.logpdf(one, scale=0.4) for one in grid]

    found = fit_temperature(problem, fit, LeftOut(margin_B, torch.zeros_like(margin_B)), some_B)

    assert np.log(found) == pytest.approx(grid[np.argmax(posterior)], abs=1e-3)
    assert abs(np.log(found)) > 0.1


def test_few_random_labels_leave_the_temperature_at_one() -> None:
    problem, _ = make_prompts(4)
    fit = fit_head(problem, 1)
    left_out = LeftOut(3 * fit.point.margin_B, torch.zeros_like(fit.point.margin_B))

    assert fit_temperature(problem, fit, left_out, torch.arange(2000) < 99) == 1


def test_a_left_out_loss_is_the_surprise_of_the_moderated_margin() -> None:
    problem, _ = make_prompts(1)
    fit = fit_head(problem, 1)
    left_out = LeftOut(fit.point.margin_B, torch.full_like(fit.point.margin_B, 2.0))
    kappa = (1 + torch.pi * 2 / 8) ** -0.5
    sign = torch.where(problem.intervals.upper_B == 2, 1, -1)

    loss = left_out_loss(problem, fit, left_out)

    torch.testing.assert_close(loss, -torch.nn.functional.logsigmoid(sign * kappa * fit.point.margin_B))


@pytest.mark.parametrize(("prior_variance", "n_labels"), [(16, 1000), (4, 800)])
def test_the_prior_is_the_one_that_exact_refits_choose(prior_variance: float, n_labels: int) -> None:
    """The nearest to 1 within one standard error of the lowest; all labels are fitted, the unchosen ones scored."""
    problem, prompt_B = make_prompts(prior_variance, n_labels=n_labels, size=6, n_prompts=8)
    unchosen = torch.arange(n_labels) % 2 == 0
    losses = {precision: exact_losses(problem, prompt_B, precision)[unchosen].numpy() for precision in GRID}
    best = min(losses, key=lambda precision: float(losses[precision].mean()))
    fair = [one for one in GRID if is_as_good(losses[one] - losses[best], prompt_B[unchosen].numpy())]

    precision = tune_precision(problem, prompt_B, unchosen, None)
    assert precision == max(one for one in fair if best <= one <= 1)
    assert precision > best


def is_as_good(excess_B: Floats, prompt_B: npt.NDArray[np.int64]) -> bool:
    """Against the standard error of the jackknife that leaves out each prompt in turn (Tukey 1958)."""
    without_G = np.array([excess_B[prompt_B != prompt].mean() for prompt in np.unique(prompt_B)])
    error = without_G.std() * (len(without_G) - 1) ** 0.5
    return bool(excess_B.mean() <= error)


def exact_losses(problem: Problem, prompt_B: torch.Tensor, precision: float) -> torch.Tensor:
    """Refit without each prompt and return the moderated loss of its labels."""
    fit = fit_head(problem, precision)
    margin_B, variance_B = fit.point.margin_B.clone(), torch.zeros_like(fit.point.margin_B)
    for prompt in prompt_B.unique():
        inside = prompt_B == prompt
        without = replace(problem, weight_B=torch.where(inside, 0, problem.weight_B))
        refitted = fit_head(without, precision, fit.start)
        posterior = laplace_posterior(without, refitted)
        margin_B[inside] = refitted.point.margin_B[inside]
        variance_B[inside] = posterior.variances(problem.graph.first[inside], problem.graph.second[inside])
    return left_out_loss(problem, fit, LeftOut(margin_B, variance_B))
