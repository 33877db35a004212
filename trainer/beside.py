"""Effects that belong to a verdict and not to a response, such as position and style: columns fitted beside the head.

They are never part of an exported head: a response alone has no position, and no style relative to another.
"""

from dataclasses import dataclass, field, fields

import torch
from torch import Tensor

from trainer.fit import Fit, Objective, Start, fit_head
from trainer.honesty import Z95, Interval
from trainer.problem import Problem

# Columns are stretched so far that a coefficient's prior is 100 / sqrt(precision) logits wide: no penalty.
FLAT = 100.0


@dataclass(frozen=True)
class Effect:
    """By how many logits one unit of a column moves the margin, with a 95 % interval."""

    coefficient: float
    interval: Interval


@dataclass(frozen=True)
class Beside:
    """A head and the effects that were fitted jointly with it.

    weight_K, cuts_C: the head as it is once the effects are taken out of the verdicts ("style-free").
    """

    weight_K: Tensor
    cuts_C: Tensor
    effects: dict[str, Effect]


@dataclass(frozen=True)
class Bordered(Problem):
    """A problem whose margins also hold column_BE @ coefficients, E columns that belong to labels.

    Its Gram matrix is the head's, still made through the Laplacian, with E rows and columns set beside it.
    """

    column_BE: Tensor = field(kw_only=True)

    def margins(self, weight_K: Tensor) -> Tensor:
        n_columns = self.column_BE.shape[1]
        return super().margins(weight_K[:-n_columns]) + self.column_BE @ weight_K[-n_columns:]

    def pull_back(self, flow_B: Tensor) -> Tensor:
        return torch.cat([super().pull_back(flow_B), self.column_BE.T @ flow_B])

    def gram(self, curvature_B: Tensor) -> Tensor:
        weighted_BE = curvature_B[:, None] * self.column_BE
        border = torch.stack([super(Bordered, self).pull_back(column) for column in weighted_BE.T], 1)
        corner = self.column_BE.T @ weighted_BE
        return torch.cat([torch.cat([super().gram(curvature_B), border], 1), torch.cat([border.T, corner], 1)])


def fit_beside(problem: Problem, fit: Fit, columns: dict[str, Tensor]) -> Beside:
    """Fit the head and an unpenalised coefficient for each column jointly, from the head that was fitted without.

    columns: by name, a number per label: +1 and -1 where first was shown on the left and on the right, 0 where that
    is unknown; or a difference of style. A column of zeros gets 0 and an interval too wide to mean anything.
    """
    column_BE = torch.stack(list(columns.values()), 1).to(problem.weight_B)
    parts = {part.name: getattr(problem, part.name) for part in fields(problem)}
    bordered = Bordered(**parts, column_BE=FLAT * column_BE)
    weight_K, log_step = fit.start
    joint = fit_head(bordered, fit.prior_precision, Start(_pad(weight_K, len(columns)), log_step))
    variance_E = _variances(bordered, joint, len(weight_K))
    coefficient_E = joint.point.weight_K[len(weight_K) :]
    effects = [
        _effect(FLAT * value, FLAT * variance**0.5)
        for value, variance in zip(coefficient_E.tolist(), variance_E.tolist(), strict=True)
    ]
    return Beside(joint.point.weight_K[: len(weight_K)], joint.point.cuts_C, dict(zip(columns, effects, strict=True)))


def _variances(bordered: Bordered, joint: Fit, n_weights: int) -> Tensor:
    """Return the coefficients' variances, weights and cut points integrated out (Laplace)."""
    hessian = Objective(bordered, joint.prior_precision).hessian(joint.point)
    own = slice(n_weights, n_weights + bordered.column_BE.shape[1])
    units = torch.eye(len(hessian), dtype=hessian.dtype, device=hessian.device)[:, own]
    covariance: Tensor = torch.linalg.solve(hessian, units)[own]
    return covariance.diagonal()


def _pad(weight_K: Tensor, n: int) -> Tensor:
    return torch.cat([weight_K, weight_K.new_zeros(n)])


def _effect(coefficient: float, deviation: float) -> Effect:
    return Effect(coefficient, (coefficient - Z95 * deviation, coefficient + Z95 * deviation))
