"""The maximum a posteriori head for one prior: warm-started Newton-Cholesky on the comparison graph."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from trainer.graph import Graph, comparison_graph
from trainer.likelihood import PRIOR_VARIANCE, CutPoints, Intervals, cut_terms, margin_terms
from trainer.outcomes import Scale

GRADIENT_TOLERANCE = 1e-8  # of the largest component of the gradient of the mean loss
MAX_STEPS = 100
ARMIJO = 1e-4
KEEP_FACTOR = 0.1  # a step that cuts the gradient this far was so good that its factor serves once more
ROWS = 8192

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Problem:
    """Everything the loss is made of: responses that were compared, the graph over them, what each verdict meant.

    coordinates_RK: fp32, only the R responses that have a label. The loss is the weighted sum over labels.
    """

    coordinates_RK: Tensor
    graph: Graph
    intervals: Intervals
    weight_B: Tensor
    cut_points: CutPoints

    def margins(self, weight_K: Tensor) -> Tensor:
        rewards = [rows.double() @ weight_K for rows in torch.split(self.coordinates_RK, ROWS)]
        return self.graph.difference(torch.cat(rewards))

    def pull_back(self, flow_B: Tensor) -> Tensor:
        """Return X^T flow, the gradient in the weights of a sum whose derivatives in the margins are `flow`."""
        at_response = torch.split(self.graph.divergence(flow_B), ROWS)
        rows = torch.split(self.coordinates_RK, ROWS)
        return sum(
            (part.double().T @ value for part, value in zip(rows, at_response, strict=True)),
            start=self.weight_B.new_zeros(self.coordinates_RK.shape[1]),
        )

    def gram(self, curvature_B: Tensor) -> Tensor:
        """Return X^T diag(curvature) X in fp64: fp32 products in chunks, by labels or by responses as is fewer."""
        total = self.weight_B.new_zeros(2 * self.coordinates_RK.shape[1:])
        for left, right in self._gram_chunks(curvature_B.float()):
            total += left.T @ right
        return total

    def _gram_chunks(self, curvature_B: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        if len(curvature_B) <= len(self.coordinates_RK):
            difference_BK = self.graph.difference(self.coordinates_RK)
            return zip(
                torch.split(difference_BK, ROWS), torch.split(curvature_B[:, None] * difference_BK, ROWS), strict=True
            )
        spread_RK = self.graph.laplacian(curvature_B) @ self.coordinates_RK
        return zip(torch.split(self.coordinates_RK, ROWS), torch.split(spread_RK, ROWS), strict=True)


def make_problem(
    coordinates_NK: Tensor, first_B: Tensor, second_B: Tensor, intervals: Intervals, weight_B: Tensor, scale: Scale
) -> Problem:
    touched_R, place = torch.unique(torch.cat([first_B, second_B]), return_inverse=True)
    graph = comparison_graph(place[: len(first_B)], place[len(first_B) :], len(touched_R))
    coordinates_RK = coordinates_NK[touched_R].float()
    return Problem(coordinates_RK, graph, intervals, weight_B, CutPoints(scale))


class Start(NamedTuple):
    """Where a search begins: weights and the log-increments of the cut points."""

    weight_K: Tensor
    log_step: Tensor


@dataclass(frozen=True)
class Fit:
    """The most probable weights and cut points under one prior precision, and how the search for them went."""

    weight_K: Tensor
    log_step: Tensor
    cuts_C: Tensor
    margin_B: Tensor
    mean_loss: float
    prior_precision: float
    gradient: float
    n_steps: int

    @property
    def start(self) -> Start:
        return Start(self.weight_K, self.log_step)


@dataclass(frozen=True)
class _Point:
    weight_K: Tensor
    log_step: Tensor
    margin_B: Tensor
    objective: float
    gradient: Tensor

    def worst(self, total_weight: float) -> float:
        return self.gradient.abs().max().item() / total_weight


def fit_head(problem: Problem, prior_precision: float, start: Start | None = None) -> Fit:
    """Minimise sum of weight * -log P + precision |w|^2 / 2 + |log-increments|^2 / 2, exactly.

    Starts from `start` where it is given. The weights are unique: the objective is strictly convex in them.
    """
    precision = prior_precision
    total_weight = max(problem.weight_B.sum().item(), 1.0)
    point = _start(problem, precision, start)
    factor, worst, n_steps = None, point.worst(total_weight), 0
    while worst >= GRADIENT_TOLERANCE and n_steps < MAX_STEPS:
        if factor is None:
            factor, precision = factorise(hessian(problem, point.weight_K, point.log_step, precision), precision)
            point = _at(problem, precision, point.weight_K, point.log_step)
        moved = _line_search(problem, precision, point, -_solve(factor, point.gradient))
        if moved is None:
            break
        point, before, worst = moved, worst, moved.worst(total_weight)
        factor = factor if worst <= KEEP_FACTOR * before else None
        n_steps += 1
    return _finished(problem, point, precision, total_weight, n_steps)


def hessian(problem: Problem, weight_K: Tensor, log_step: Tensor, precision: float) -> Tensor:
    """Return the second derivative in (weights, log-increments), the cut points bordering the weights."""
    margin_B = problem.margins(weight_K)
    cuts_C = problem.cut_points.cuts(log_step)
    terms = margin_terms(margin_B, *problem.intervals.bounds(cuts_C))
    matrix = problem.gram(problem.weight_B * terms.v_B)
    matrix.diagonal().add_(precision)
    if not len(log_step):
        return matrix
    cut = cut_terms(margin_B, cuts_C, problem.intervals, problem.weight_B)
    jacobian = problem.cut_points.jacobian(log_step)
    border = torch.stack([problem.pull_back(row) for row in jacobian.T @ cut.mixed_CB], dim=1)
    # Bounded below, so that the matrix stays positive definite far from the optimum too.
    bend = (jacobian.T @ cut.gradient_C).clamp(min=-0.5 / PRIOR_VARIANCE) + 1 / PRIOR_VARIANCE
    corner = jacobian.T @ cut.curvature_CC @ jacobian + torch.diag(bend)
    return torch.cat([torch.cat([matrix, border], 1), torch.cat([border.T, corner], 1)])


def factorise(matrix: Tensor, precision: float) -> tuple[Tensor, float]:
    """Return the Cholesky factor; where rounding broke it, that of ten times the prior precision, once."""
    factor, failed = torch.linalg.cholesky_ex(matrix)
    if not failed:
        return factor, precision
    logger.warning("Hessian not positive definite: prior precision raised from %g tenfold", precision)
    matrix = matrix + 9 * precision * torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    return torch.linalg.cholesky(matrix), 10 * precision


def _solve(factor: Tensor, vector: Tensor) -> Tensor:
    return torch.cholesky_solve(vector[:, None], factor)[:, 0]


def _start(problem: Problem, precision: float, start: Start | None) -> _Point:
    if start is None:
        weight_K = problem.weight_B.new_zeros(problem.coordinates_RK.shape[1])
        start = Start(weight_K, problem.cut_points.start(problem.weight_B.device))
    return _at(problem, precision, *start)


def _at(problem: Problem, precision: float, weight_K: Tensor, log_step: Tensor) -> _Point:
    return _point(problem, precision, weight_K, log_step, problem.margins(weight_K))


def _point(problem: Problem, precision: float, weight_K: Tensor, log_step: Tensor, margin_B: Tensor) -> _Point:
    cuts_C = problem.cut_points.cuts(log_step)
    terms = margin_terms(margin_B, *problem.intervals.bounds(cuts_C))
    gradient = problem.pull_back(problem.weight_B * terms.rho_B) + precision * weight_K
    if len(log_step):
        cut = cut_terms(margin_B, cuts_C, problem.intervals, problem.weight_B)
        slope = problem.cut_points.jacobian(log_step).T @ cut.gradient_C + log_step / PRIOR_VARIANCE
        gradient = torch.cat([gradient, slope])
    objective = _objective(problem, precision, weight_K, log_step, margin_B)
    return _Point(weight_K, log_step, margin_B, objective, gradient)


def _objective(problem: Problem, precision: float, weight_K: Tensor, log_step: Tensor, margin_B: Tensor) -> float:
    bounds = problem.intervals.bounds(problem.cut_points.cuts(log_step))
    loss = problem.weight_B @ margin_terms(margin_B, *bounds).loss_B
    prior = precision * weight_K.square().sum() + log_step.square().sum() / PRIOR_VARIANCE
    return (loss + prior / 2).item()


def _line_search(problem: Problem, precision: float, point: _Point, step: Tensor) -> _Point | None:
    """Halve the step until the objective falls enough (Armijo); None when no step helps any more."""
    step_K, step_cut = torch.split(step, [len(point.weight_K), len(point.log_step)])
    step_B = problem.margins(step_K)
    slope = (point.gradient @ step).item()
    length = 1.0
    while length > 1e-9:
        weight_K, log_step = point.weight_K + length * step_K, point.log_step + length * step_cut
        margin_B = point.margin_B + length * step_B
        objective = _objective(problem, precision, weight_K, log_step, margin_B)
        # Below rounding a fall cannot be seen; the quadratic model is exact enough there.
        if objective <= point.objective + ARMIJO * length * slope + 1e-13 * abs(point.objective):
            return _point(problem, precision, weight_K, log_step, margin_B)
        length /= 2
    return None


def _finished(problem: Problem, point: _Point, precision: float, total_weight: float, n_steps: int) -> Fit:
    cuts_C = problem.cut_points.cuts(point.log_step)
    loss_B = margin_terms(point.margin_B, *problem.intervals.bounds(cuts_C)).loss_B
    mean_loss = (problem.weight_B @ loss_B).item() / total_weight
    gradient = point.worst(total_weight)
    return Fit(point.weight_K, point.log_step, cuts_C, point.margin_B, mean_loss, precision, gradient, n_steps)
