"""The two numbers chosen by leaving data out: the prior precision by prompt, the temperature on random labels."""

from math import exp

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from trainer.fit import Fit, Start, fit_head
from trainer.posterior import LeftOut, influence, laplace_posterior, leave_group_out, sharpness
from trainer.problem import Problem

GRID = tuple(2.0**k for k in range(-4, 5))  # of precisions; 1 / precision is the prior variance of a typical margin
DEFAULT_PRECISION = 1.0
MIN_PROMPTS = 5
MIN_LABELS_PER_PROMPT = 20
RETUNE_GROWTH = 1.2
MIN_TEMPERATURE_LABELS = 100
TEMPERATURE_SPREAD = 0.4  # the prior deviation of log T: wide, for margins that are far off (docs/replays.md)
MAX_LOG_TEMPERATURE = 1.5


def precision_for(
    problem: Problem, prompt_B: Tensor, tuning_B: Tensor, *, last: tuple[float, int] | None, start: Start | None
) -> tuple[float, int]:
    """Return the prior precision and the number of labels it was tuned at, 0 if it was not.

    last: what this function returned before; it stands until the labels have grown by a fifth.
    """
    n_labels = int((problem.weight_B > 0).sum())
    if not can_tune_precision(prompt_B, tuning_B & (problem.weight_B > 0)):
        return DEFAULT_PRECISION, 0
    if last is not None and last[1] > 0 and n_labels < RETUNE_GROWTH * last[1]:
        return last
    return tune_precision(problem, prompt_B, tuning_B, start), n_labels


def can_tune_precision(prompt_B: Tensor, tuning_B: Tensor) -> bool:
    """Say whether enough prompts have enough labels on pairs that no model chose."""
    labels_per_prompt = torch.unique(prompt_B[tuning_B], return_counts=True)[1]
    return int((labels_per_prompt >= MIN_LABELS_PER_PROMPT).sum()) >= MIN_PROMPTS


def tune_precision(problem: Problem, prompt_B: Tensor, tuning_B: Tensor, start: Start | None) -> float:
    """Choose the prior precision by leave-one-prompt-out predictions of the tuning labels, with one standard error.

    All labels are fitted; only `tuning_B` is scored, because labels that a model chose are no fair sample of anything.
    Walks down the grid from 1 to the lowest mean loss, each fit starting from the one before, and returns the value
    nearest to 1 on that way whose loss is above the lowest by no more than the standard error of the difference.
    Breiman, Friedman, Olshen & Stone 1984, "Classification and regression trees", section 3.4.3.
    """
    losses: dict[float, Tensor] = {}
    weight_B, scored_B, way = problem.weight_B[tuning_B], tuning_B[: problem.n_labels], [DEFAULT_PRECISION]
    while True:
        place = GRID.index(way[-1])
        around = GRID[max(place - 1, 0) : place + 2]
        for value in around:
            if value not in losses:
                fit = fit_head(problem, value, start)
                start = fit.start
                losses[value] = _loss_without_prompts(problem, fit, prompt_B)[scored_B]
        best = min(around, key=lambda value: (weight_B @ losses[value]).item())
        if best == way[-1]:
            return next(value for value in way if _as_good(losses[value] - losses[best], weight_B, prompt_B[tuning_B]))
        way.append(best)


def _loss_without_prompts(problem: Problem, fit: Fit, prompt_B: Tensor) -> Tensor:
    posterior = laplace_posterior(problem, fit)
    return left_out_loss(
        problem, fit, leave_group_out(influence(problem, fit, posterior), problem, posterior, prompt_B)
    )


def _as_good(excess_B: Tensor, weight_B: Tensor, prompt_B: Tensor) -> bool:
    """Say whether a mean excess is within its standard error, prompts being what was drawn (Kish 1965)."""
    mean = (weight_B @ excess_B) / weight_B.sum()
    prompt_of_B = torch.unique(prompt_B, return_inverse=True)[1]
    excess_G = torch.bincount(prompt_of_B, weight_B * (excess_B - mean))
    n_groups = len(excess_G)
    error = (excess_G.square().sum() * n_groups / max(n_groups - 1, 1)).sqrt() / weight_B.sum()
    return bool(mean <= error)


def fit_temperature(problem: Problem, fit: Fit, left_out: LeftOut, tuning_B: Tensor) -> float:
    """Return the most probable temperature given the random labels, 1 where they are fewer than 100.

    log T ~ N(0, 0.4^2): people whose margins are small say little of T, and without a prior its luck costs more than
    the temperature gains until there are some hundreds of labels.
    """
    some_B = tuning_B & (problem.weight_B > 0)
    if int(some_B.sum()) < MIN_TEMPERATURE_LABELS:
        return 1.0
    intervals, weight_B = problem.intervals.of(some_B), problem.weight_B[some_B]
    margin_B, variance_B = (part[some_B] for part in left_out)

    def loss(log_temperature: float) -> float:
        sharp_B = sharpness(variance_B, exp(log_temperature))
        surprise = (weight_B @ intervals.surprise(margin_B, fit.point.cuts_C, sharp_B)).item()
        return surprise + (log_temperature / TEMPERATURE_SPREAD) ** 2 / 2

    widest = (-MAX_LOG_TEMPERATURE, MAX_LOG_TEMPERATURE)
    return exp(minimize_scalar(loss, bounds=widest, method="bounded", options={"xatol": 1e-5}).x)


def left_out_loss(problem: Problem, fit: Fit, left_out: LeftOut, temperature: float = 1.0) -> Tensor:
    """Return -log P of every label under its moderated left-out margin, in nats; rankings are not scored."""
    n = problem.n_labels
    sharp_B = sharpness(left_out.variance_B[:n], temperature)
    return problem.intervals.surprise(left_out.margin_B[:n], fit.point.cuts_C, sharp_B)
