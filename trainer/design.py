"""Greedy designs: candidate pairs under a posterior that is conditioned, exactly, on each pair that is picked."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

NEAR_DUPLICATE = 0.98  # |cosine| of two whitened differences
FIRST_PICKS = 64  # that there is room for at first


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
    pooled_PK: Tensor = field(init=False)
    variance_P: Tensor = field(init=False)
    spread_P: Tensor = field(init=False)
    prior_P: Tensor = field(init=False)
    changes: Tensor = field(init=False)
    n_picks: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.prior_P = self.variance_P = self.rows_PK.square().sum(1).double()
        self.pooled_PK = torch.zeros_like(self.rows_PK) if self.pool_KK is None else self.rows_PK @ self.pool_KK
        self.spread_P = (self.pooled_PK * self.rows_PK).sum(1).double()
        self.changes = self.prior_P.new_empty(2, len(self.v_P), 0)

    def gains(self) -> Tensor:
        if self.pool_KK is None:
            return torch.log1p(self.v_P * self.variance_P) / 2
        return self.v_P * self.spread_P / (1 + self.v_P * self.variance_P)

    def pick(self, best: int) -> Tensor:
        """Condition on a verdict about candidate `best`; return the cosines of all candidates with it.

        With t = U A u, s = U A M A u and gamma = v / (1 + v u^T A u), U A U^T falls by gamma t t^T and U A M A U^T by
        gamma (t p^T + p t^T), p = s - gamma s_best t / 2: exact, and O(P K) a pick.
        """
        # One vector at a time: a CPU multiplies two at once many times slower.
        alike_P, s_P = ((self.rows_PK @ row).double() for row in (self.rows_PK[best], self.pooled_PK[best]))
        t_P = alike_P
        t_PJ, p_PJ = self.changes[:, :, : self.n_picks]
        t_P = t_P - t_PJ @ t_PJ[best]
        s_P = s_P - t_PJ @ p_PJ[best] - p_PJ @ t_PJ[best]
        gamma = self.v_P[best] / (1 + self.v_P[best] * self.variance_P[best])
        p_P = s_P - gamma * s_P[best] / 2 * t_P
        self.variance_P = self.variance_P - gamma * t_P.square()
        self.spread_P = self.spread_P - 2 * gamma * t_P * p_P
        self._remember(gamma.sqrt() * torch.stack([t_P, p_P]))
        return alike_P / (self.prior_P * self.prior_P[best]).sqrt()

    def _remember(self, change_P: Tensor) -> None:
        room = self.changes.shape[2]
        if self.n_picks == room:
            more = self.changes.new_empty(*self.changes.shape[:2], max(room, FIRST_PICKS))
            self.changes = torch.cat([self.changes, more], 2)
        self.changes[:, :, self.n_picks] = change_P
        self.n_picks += 1


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
