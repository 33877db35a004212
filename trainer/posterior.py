"""The Laplace posterior around a fit: variances of differences, moderated probabilities, leave-one-out margins."""

import logging
from dataclasses import dataclass
from math import pi
from typing import NamedTuple

import torch
from torch import Tensor

from trainer.fit import Fit, factor_at
from trainer.graph import grouping, rows_at_a_time
from trainer.problem import Problem
from trainer.scratch import room

LEAST = 2e-7  # of 1 - q v and its like: what fp32 rows leave of it is rounding
PAIRS = 2048  # differences of pairs held at a time; more fall out of the cache of a CPU

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Posterior:
    """N(w, H^-1) seen from some responses, the cut points held at their best values.

    reward_N: fp64, up to a constant. whitened_NK: fp32 rows y with |y_first - y_second|^2 = d^T H^-1 d; only such
    differences mean anything, because the direction of a prompt is not identified by its pairs.
    """

    weight_K: Tensor
    factor_KK: Tensor
    reward_N: Tensor
    whitened_NK: Tensor

    def margins(self, first_M: Tensor, second_M: Tensor) -> Tensor:
        return self.reward_N[first_M] - self.reward_N[second_M]

    def variances(self, first_M: Tensor, second_M: Tensor) -> Tensor:
        """Return s = d^T H^-1 d of each pair, in fp64."""
        parts = zip(torch.split(first_M, PAIRS), torch.split(second_M, PAIRS), strict=True)
        variances = [self.differences(first, second).square().sum(1) for first, second in parts]
        return torch.cat(variances).double()

    def differences(self, first_M: Tensor, second_M: Tensor) -> Tensor:
        return self.whitened_NK[first_M] - self.whitened_NK[second_M]


def laplace_posterior(problem: Problem, fit: Fit) -> Posterior:
    """Return the posterior seen from the problem's own responses."""
    factor_KK = factor_at(problem, problem.weight_B * fit.point.terms.v_B, fit.prior_precision).lower
    return posterior_over(problem.coordinates_RK, fit.point.weight_K, factor_KK)


def posterior_over(coordinates_NK: Tensor, weight_K: Tensor, factor_KK: Tensor) -> Posterior:
    reward_N = torch.cat([rows.double() @ weight_K for rows in torch.split(coordinates_NK, PAIRS)])
    return Posterior(weight_K, factor_KK, reward_N, whiten(coordinates_NK, factor_KK))


def whiten(coordinates_NK: Tensor, factor_KK: Tensor) -> Tensor:
    """Return Z L^-T for H = L L^T."""
    n, size = coordinates_NK.shape
    whitened_NK = room(n, size, coordinates_NK.device)
    n_rows, upper_KK = rows_at_a_time(coordinates_NK), factor_KK.T.float()
    for rows, place in zip(torch.split(coordinates_NK, n_rows), torch.split(whitened_NK, n_rows), strict=True):
        place.copy_(torch.linalg.solve_triangular(upper_KK, rows.float(), upper=True, left=False))
    return whitened_NK


def sharpness(variance: Tensor, temperature: float = 1.0) -> Tensor:
    """Return kappa T, kappa = (1 + pi T^2 s / 8)^-1/2: averaging sigma(T margin) over N(margin, s) shrinks it so.

    MacKay 1992, "The evidence framework applied to classification networks".
    """
    return temperature / (1 + pi * temperature**2 * variance / 8).sqrt()


class Influence(NamedTuple):
    """Of each label: margin m, leverage q = d^T H^-1 d, and rho and v (MarginTerms) times the label's weight."""

    margin_B: Tensor
    leverage_B: Tensor
    rho_B: Tensor
    v_B: Tensor


class LeftOut(NamedTuple):
    """What the head would say of each label had it not seen the label's group: margins and their variances.

    Approximate: one Newton step away from the fit to all labels (ALO).
    """

    margin_B: Tensor
    variance_B: Tensor


def influence(problem: Problem, fit: Fit, posterior: Posterior) -> Influence:
    terms, weight_B = fit.point.terms, problem.weight_B
    leverage_B = posterior.variances(problem.graph.first, problem.graph.second)
    return Influence(fit.point.margin_B, leverage_B, weight_B * terms.rho_B, weight_B * terms.v_B)


def leave_one_out(labels: Influence) -> LeftOut:
    """Leave out each label alone: m + q rho / (1 - v q), variance q / (1 - v q)."""
    margin_B, leverage_B, rho_B, v_B = labels
    variance_B = leverage_B / _rest(1 - v_B * leverage_B)
    return LeftOut(margin_B + variance_B * rho_B, variance_B)


def leave_pair_out(labels: Influence, pair_B: Tensor, beyond_B: Tensor | float = 0.0) -> LeftOut:
    """Leave out all labels of a pair at once. They share one difference, so the group form below is scalar:

    (I - Q V)^-1 Q rho with Q = q 1 1^T is q sum(rho) / (1 - q sum(v)). beyond_B: variance of margins in directions
    that the leverage leaves out; the pair's labels stay in it.
    """
    margin_B, leverage_B, rho_B, v_B = labels
    pairs, group_B = torch.unique(pair_B, return_inverse=True)
    groups = grouping(group_B, len(pairs))
    variance_B = leverage_B / _rest(1 - leverage_B * groups.sums(v_B)[group_B]) + beyond_B
    return LeftOut(margin_B + variance_B * groups.sums(rho_B)[group_B], variance_B)


def _rest(rest: Tensor) -> Tensor:
    """Return the share of what is known that labels left out did not say, at least what fp32 tells from nothing."""
    if bool((rest < LEAST).any()):
        logger.warning("Labels left out said all there is to know: their left-out variance is a lower bound")
    return rest.clamp(min=LEAST)


def leave_group_out(labels: Influence, problem: Problem, posterior: Posterior, group_B: Tensor) -> LeftOut:
    """Leave out all labels of a group (a prompt) at once: m + (I - Q V)^-1 Q rho with Q = U U^T.

    U holds the group's whitened differences, one row per label.
    """
    margin_B, variance_B = labels.margin_B.clone(), torch.zeros_like(labels.margin_B)
    for some in _members(group_B):
        rows = posterior.differences(problem.graph.first[some], problem.graph.second[some]).double()
        shift, variance = _left_out(rows, labels.rho_B[some], labels.v_B[some])
        margin_B[some] += shift
        variance_B[some] = variance
    return LeftOut(margin_B, variance_B)


def _left_out(rows: Tensor, rho: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Return shift and variance, solving in the smaller of the group's size and the number of directions."""
    scaled = v.sqrt()[:, None] * rows
    if len(rows) > rows.shape[1]:
        half = torch.linalg.solve_triangular(_factor(scaled.T @ scaled), rows.T, upper=False)
        return half.T @ (half @ rho), half.square().sum(0)
    half = torch.linalg.solve_triangular(_factor(scaled @ scaled.T), scaled @ rows.T, upper=False)
    return rows @ (rows.T @ rho) + half.T @ (half @ rho), rows.square().sum(1) + half.square().sum(0)


def _factor(taken: Tensor) -> Tensor:
    """Return the Cholesky factor of I - taken, its eigenvalues at least what fp32 tells from nothing."""
    rest = torch.eye(len(taken), dtype=taken.dtype, device=taken.device) - taken
    lower: Tensor
    lower, failed = torch.linalg.cholesky_ex(rest)
    if failed or lower.diagonal().min() ** 2 < LEAST:
        values, vectors = torch.linalg.eigh(rest)
        lower = torch.linalg.cholesky(vectors * _rest(values) @ vectors.T)
    return lower


def _members(group_B: Tensor) -> list[Tensor]:
    order = group_B.argsort(stable=True)
    sizes = torch.unique_consecutive(group_B[order], return_counts=True)[1]
    return list(torch.split(order, sizes.tolist()))
