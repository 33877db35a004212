"""Greedy designs: candidate pairs under a posterior that is conditioned, exactly, on each pair that is picked."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

NEAR_DUPLICATE = 0.98  # |cosine| of two whitened differences


@dataclass
class Design:
    """Candidates P with whitened differences, and what a verdict on each would tell after the picks so far.

    A = H^-1, conditioned; M = mean over the project's pairs of v d d^T. The gain of a candidate is
    v d^T A M A d / (1 + v d^T A d), the fall of the mean Fisher-weighted predictive variance (V-optimal), or
    log(1 + v d^T A d) / 2 nats where no pool is given (D-optimal).
    """

    rows_PK: Tensor
    v_P: Tensor
    pool_KK: Tensor | None
    variance_P: Tensor = field(init=False)
    spread_P: Tensor = field(init=False)
    prior_P: Tensor = field(init=False)
    directions: list[Tensor] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.prior_P = self.variance_P = self.rows_PK.square().sum(1).double()
        if self.pool_KK is not None:
            self.spread_P = ((self.rows_PK @ self.pool_KK) * self.rows_PK).sum(1).double()

    def gains(self) -> Tensor:
        if self.pool_KK is None:
            return torch.log1p(self.v_P * self.variance_P) / 2
        return self.v_P * self.spread_P / (1 + self.v_P * self.variance_P)

    def pick(self, best: int) -> Tensor:
        """Condition on a verdict about candidate `best`; return the cosines of all candidates with it.

        With a = A u and gamma = v / (1 + v u^T a) the covariance becomes A - gamma a a^T (rank one, exact).
        """
        row = self.rows_PK[best]
        a = self._times(row)
        gamma = (self.v_P[best] / (1 + self.v_P[best] * self.variance_P[best])).to(row.dtype)
        toward = a if self.pool_KK is None else self._times(self.pool_KK @ a)
        alike_P, t_P, s_P = (self.rows_PK @ torch.stack([row, a, toward], 1)).double().unbind(1)
        if self.pool_KK is not None:
            energy = a @ self.pool_KK @ a
            self.spread_P = self.spread_P - 2 * gamma * t_P * s_P + gamma**2 * energy * t_P.square()
        self.variance_P = self.variance_P - gamma * t_P.square()
        self.directions.append(gamma.sqrt() * a)
        return alike_P / (self.prior_P * self.prior_P[best]).sqrt()

    def _times(self, vector: Tensor) -> Tensor:
        """Return A vector, A = I - sum of gamma a a^T over the picks."""
        if not self.directions:
            return vector
        taken = torch.stack(self.directions)
        return vector - taken.T @ (taken @ vector)


@dataclass
class Gate:
    """Which candidates may still be picked: a cap per prompt, and nothing too like an earlier pick."""

    group_P: Tensor
    cap: int
    open_P: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.open_P = torch.ones_like(self.group_P, dtype=torch.bool)
        self._picked = torch.zeros_like(self.group_P, dtype=torch.bool)

    def close_after(self, best: int, cosine_P: Tensor) -> None:
        self._picked[best] = True
        self.open_P &= cosine_P.abs() < NEAR_DUPLICATE
        mates = self.group_P == self.group_P[best]
        if int((self._picked & mates).sum()) >= self.cap:
            self.open_P &= ~mates


def pick_greedily(design: Design, gate: Gate, n_pairs: int) -> tuple[list[int], list[float]]:
    """Pick up to `n_pairs` candidates with a positive gain; return them with their gains at the time."""
    chosen: list[int] = []
    gains: list[float] = []
    while len(chosen) < n_pairs:
        gain_P = torch.where(gate.open_P, design.gains(), -torch.inf)
        best = int(gain_P.argmax())
        if gain_P[best] <= 0:
            break
        chosen.append(best)
        gains.append(gain_P[best].item())
        gate.close_after(best, design.pick(best))
    return chosen, gains
