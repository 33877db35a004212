"""The maximum a posteriori head for one prior: warm-started Newton's method with a line search."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import torch
from torch import Tensor
from torch.nn.functional import pad

from trainer.likelihood import PRIOR_VARIANCE, CutTerms, MarginTerms, cut_terms
from trainer.problem import Problem

GRADIENT_TOLERANCE = 1e-8  # of the largest component of the gradient of the mean loss
MAX_STEPS = 500
ARMIJO = 1e-4
ROUNDING = 1e-13  # of the objective: a smaller fall cannot be seen, and the quadratic model is exact there
KEEP = 0.7  # a step that cuts the gradient this far was good enough for its Hessian to serve on
MEMORY = 20  # steps that mend a Hessian

Linear = Callable[[Tensor], Tensor]

logger = logging.getLogger(__name__)


class Start(NamedTuple):
    """Where a search begins: weights and the log-increments of the cut points."""

    weight_K: Tensor
    log_step: Tensor


@dataclass(frozen=True)
class Point:
    """Weights and cut points, and what the loss is there."""

    weight_K: Tensor
    log_step: Tensor
    cuts_C: Tensor
    margin_B: Tensor
    terms: MarginTerms
    objective: float

    @property
    def numbers(self) -> Tensor:
        return torch.cat([self.weight_K, self.log_step])


@dataclass(frozen=True)
class Objective:
    """The sum of weight * -log P + precision |w|^2 / 2 + |log-increments|^2 / 2, strictly convex in the weights."""

    problem: Problem
    precision: float

    def at(self, weight_K: Tensor, log_step: Tensor, margin_B: Tensor | None = None) -> Point:
        margin_B = self.problem.margins(weight_K) if margin_B is None else margin_B
        cuts_C = self.problem.cut_points.cuts(log_step)
        terms = self.problem.terms(margin_B, cuts_C)
        prior = self.precision * weight_K.square().sum() + log_step.square().sum() / PRIOR_VARIANCE
        objective = (self.problem.weight_B @ terms.loss_B + prior / 2).item()
        return Point(weight_K, log_step, cuts_C, margin_B, terms, objective)

    def gradient(self, point: Point) -> Tensor:
        """Return the first derivative in (weights, log-increments)."""
        gradient = self.problem.pull_back(self.problem.weight_B * point.terms.rho_B) + self.precision * point.weight_K
        if not len(point.log_step):
            return gradient
        cut = self._cut_terms(point)
        jacobian = self.problem.cut_points.jacobian(point.log_step)
        return torch.cat([gradient, jacobian.T @ cut.gradient_C + point.log_step / PRIOR_VARIANCE])

    def hessian(self, point: Point) -> Tensor:
        """Return the second derivative in (weights, log-increments), the increments bordering the weights."""
        matrix = _hessian_of_weights(self.problem, self.problem.weight_B * point.terms.v_B, self.precision)
        if not len(point.log_step):
            return matrix
        cut = self._cut_terms(point)
        jacobian = self.problem.cut_points.jacobian(point.log_step)
        of_edges = (0, len(point.margin_B) - self.problem.n_labels)  # rankings have no cut points
        border = torch.stack([self.problem.pull_back(pad(row, of_edges)) for row in jacobian.T @ cut.mixed_CB], dim=1)
        # Bounded below, so that the matrix stays positive definite far from the optimum too.
        bend = (jacobian.T @ cut.gradient_C).clamp(min=-0.5 / PRIOR_VARIANCE) + 1 / PRIOR_VARIANCE
        corner = jacobian.T @ cut.curvature_CC @ jacobian + torch.diag(bend)
        return torch.cat([torch.cat([matrix, border], 1), torch.cat([border.T, corner], 1)])

    def _cut_terms(self, point: Point) -> CutTerms:
        n = self.problem.n_labels
        return cut_terms(point.margin_B[:n], point.cuts_C, self.problem.intervals, self.problem.weight_B[:n])


@dataclass(frozen=True)
class Fit:
    """The most probable weights and cut points under one prior precision, and how the search for them went.

    gradient: the largest component left, of the mean loss. n_factors: how many Hessians the steps took.
    """

    point: Point
    prior_precision: float
    mean_loss: float
    gradient: float
    n_steps: int
    n_factors: int

    @property
    def start(self) -> Start:
        return Start(self.point.weight_K, self.point.log_step)


def fit_head(
    problem: Problem,
    prior_precision: float,
    start: Start | None = None,
    *,
    inverse: Linear | None = None,
    tolerance: float = GRADIENT_TOLERANCE,
) -> Fit:
    """Minimise the objective exactly, from `start` where it is given; the minimum is one and the same.

    inverse: about the inverse of the Hessian, where a matrix of K x K is out of reach; else Hessians are factored.
    """
    objective = Objective(problem, prior_precision)
    point = objective.at(*(start or _origin(problem)))
    gradient = objective.gradient(point)
    curvature = None if inverse is None else Curvature(inverse)
    worst, n_steps, n_factors = _largest(gradient) / problem.total_weight, 0, 0
    while worst >= tolerance and n_steps < MAX_STEPS:
        if curvature is None:
            factor = factorise(objective.hessian(point), objective.precision)
            curvature, n_factors = Curvature(factor.solve), n_factors + 1
            if factor.precision != objective.precision:
                objective = Objective(problem, factor.precision)
                point = objective.at(point.weight_K, point.log_step, point.margin_B)
                gradient = objective.gradient(point)
        moved = _line_search(objective, point, gradient, -curvature.solve(gradient))
        if moved is None:
            if inverse is not None or curvature.is_fresh:
                break
            curvature = None
            continue
        ahead = objective.gradient(moved)
        before, worst = worst, _largest(ahead) / problem.total_weight
        good = inverse is not None or worst <= KEEP * before
        curvature = curvature.after(moved.numbers - point.numbers, ahead - gradient) if good else None
        point, gradient, n_steps = moved, ahead, n_steps + 1
    mean_loss = (problem.weight_B @ point.terms.loss_B).item() / problem.total_weight
    return Fit(point, objective.precision, mean_loss, worst, n_steps, n_factors)


def fit_few(problem: Problem, prior_precision: float, start: Start | None = None) -> Fit:
    """Do as `fit_head` where labels are fewer than directions: n numbers are searched for instead of K.

    The best weights lie in the span of the labels' differences (Kimeldorf & Wahba 1971), of which an orthonormal basis
    is taken; across it the prior alone holds them at 0. Exact.
    """
    basis_KB = cast(Tensor, torch.linalg.qr(problem.graph.difference(problem.wide_RK.double()).T)[0])
    wide_RB = problem.wide_RK.double() @ basis_KB
    within = start if start is None else start._replace(weight_K=basis_KB.T @ start.weight_K)
    fit = fit_head(replace(problem, coordinates_RK=wide_RB.float(), wide_RK=wide_RB), prior_precision, within)
    return replace(fit, point=replace(fit.point, weight_K=basis_KB @ fit.point.weight_K))


@dataclass(frozen=True)
class Curvature:
    """An inverse Hessian from one point, mended by the steps since: what gradients did along them (BFGS).

    Each mending costs O(K) where another Hessian would cost a Gram matrix. Nocedal & Wright 2006, algorithm 7.4.
    """

    inverse: Linear
    seen: tuple[tuple[Tensor, Tensor, Tensor], ...] = ()

    @property
    def is_fresh(self) -> bool:
        return not self.seen

    def after(self, step: Tensor, turn: Tensor) -> "Curvature":
        along = step @ turn
        return Curvature(self.inverse, (*self.seen, (step, turn, 1 / along))[-MEMORY:]) if along > 0 else self

    def solve(self, vector: Tensor) -> Tensor:
        shares = []
        for step, turn, scale in reversed(self.seen):
            shares.append(scale * (step @ vector))
            vector = vector - shares[-1] * turn
        vector = self.inverse(vector)
        for (step, turn, scale), share in zip(self.seen, reversed(shares), strict=True):
            vector = vector + (share - scale * (turn @ vector)) * step
        return vector


class Factor(NamedTuple):
    """A Cholesky factor of a Hessian and the prior precision it came out at."""

    lower: Tensor
    precision: float

    def solve(self, vector: Tensor) -> Tensor:
        return torch.cholesky_solve(vector[:, None], self.lower)[:, 0]


def factorise(matrix: Tensor, precision: float) -> Factor:
    """Factor a Hessian; where rounding broke it, with ten times the prior precision, once."""
    lower, failed = torch.linalg.cholesky_ex(matrix)
    if not failed:
        return Factor(lower, precision)
    logger.warning("Hessian not positive definite: prior precision raised from %g tenfold", precision)
    matrix = matrix + 9 * precision * torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    return Factor(torch.linalg.cholesky(matrix), 10 * precision)


def factor_at(problem: Problem, v_B: Tensor, precision: float) -> Factor:
    """Factor the Hessian of the weights, the cut points held. v_B: of each edge, times its weight."""
    return factorise(_hessian_of_weights(problem, v_B, precision), precision)


def _hessian_of_weights(problem: Problem, v_B: Tensor, precision: float) -> Tensor:
    matrix = problem.gram(v_B)
    matrix.diagonal().add_(precision)
    return matrix


def _origin(problem: Problem) -> Start:
    weight_K = problem.weight_B.new_zeros(problem.coordinates_RK.shape[1])
    return Start(weight_K, problem.cut_points.start(weight_K.device))


def _largest(gradient: Tensor) -> float:
    return gradient.abs().max().item()


def _line_search(objective: Objective, point: Point, gradient: Tensor, step: Tensor) -> Point | None:
    """Halve the step until the objective falls enough (Armijo); None when no step helps any more."""
    step_K, step_cut = torch.split(step, [len(point.weight_K), len(point.log_step)])
    step_B = objective.problem.margins(step_K)
    slope = (gradient @ step).item()
    length = 1.0
    while length > 1e-9:
        weight_K, log_step = point.weight_K + length * step_K, point.log_step + length * step_cut
        moved = objective.at(weight_K, log_step, point.margin_B + length * step_B)
        if moved.objective <= point.objective + ARMIJO * length * slope + ROUNDING * abs(point.objective):
            return moved
        length /= 2
    return None
