"""Orders of several responses of one prompt: as stages of choice (Plackett-Luce), or as weighted pairs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.likelihood import MarginTerms

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rankings:
    """People's orders of responses. response_GJ: the responses of each ranking, best first; -1 where it has fewer.

    level_GJ: their places, rising along a row; responses that share one were ranked as equal. weight_G: usually 1.
    """

    response_GJ: Indices
    level_GJ: Indices
    weight_G: Floats

    @classmethod
    def none(cls) -> "Rankings":
        return cls(np.empty((0, 2), np.int64), np.empty((0, 2), np.int64), np.empty(0))

    @property
    def size_G(self) -> Indices:
        size: Indices = (self.response_GJ >= 0).sum(1)
        return size

    def edges(self) -> "Edges":
        """Return every two responses of every ranking, the better one first."""
        above, below = np.triu_indices(self.response_GJ.shape[1], 1)
        ranking, couple = np.nonzero(self.response_GJ[:, below] >= 0)
        return Edges(ranking, above[couple], below[couple])


@dataclass(frozen=True)
class Edges:
    """Two places of a ranking each, above_E before below_E."""

    ranking_E: Indices
    above_E: Indices
    below_E: Indices

    def ends(self, rankings: Rankings) -> tuple[Indices, Indices]:
        response_GJ = rankings.response_GJ
        return response_GJ[self.ranking_E, self.above_E], response_GJ[self.ranking_E, self.below_E]

    def equal(self, rankings: Rankings) -> npt.NDArray[np.bool_]:
        level_GJ = rankings.level_GJ
        equal: npt.NDArray[np.bool_] = level_GJ[self.ranking_E, self.above_E] == level_GJ[self.ranking_E, self.below_E]
        return equal


@dataclass(frozen=True)
class Stages:
    """The stages of rankings as numbers on their edges E, so that they fit wherever labels do.

    Each response is chosen from itself and all that were ranked below it, by softmax of rewards (Plackett 1975,
    Luce 1959). The loss of a stage, log(1 + sum of e^-margin over its star of edges), has derivative -p_below in the
    margin of each edge of the star; its Hessian in the rewards, diag(p) - p p^T, is the Laplacian of the graph of all
    edges among the responses of the stage with weights p_i p_j. open_GJJ: which responses are in each stage.
    """

    ranking_E: Tensor
    above_E: Tensor
    below_E: Tensor
    open_GJJ: Tensor

    @property
    def counted_E(self) -> Tensor:
        """Say at which edges the loss of a stage stands: those to the next response, where anything is left below."""
        choices = self.open_GJJ.sum(2)[self.ranking_E, self.above_E]
        return (self.below_E == self.above_E + 1) & (choices > 1)

    def terms(self, margin_E: Tensor) -> MarginTerms:
        """Return loss, rho and v of each edge."""
        at = self.ranking_E, self.above_E, self.below_E
        log_p_GJJ = self._reward(margin_E)[:, None, :].where(self.open_GJJ, -torch.inf).log_softmax(2)
        p_GJJ = log_p_GJJ.exp().where(self.open_GJJ, 0)
        taken_GJ = log_p_GJJ.diagonal(dim1=1, dim2=2)
        loss_E = torch.where(self.counted_E, -taken_GJ[at[:2]], 0)
        return MarginTerms(loss_E, -p_GJJ[at], (p_GJJ.mT @ p_GJJ)[at])

    def _reward(self, margin_E: Tensor) -> Tensor:
        """Return the rewards of each ranking's responses, that of the best being 0."""
        reward_GJ = margin_E.new_zeros(self.open_GJJ.shape[:2])
        star = self.above_E == 0
        reward_GJ[self.ranking_E[star], self.below_E[star]] = -margin_E[star]
        return reward_GJ


def make_stages(rankings: Rankings, edges: Edges, device: torch.device) -> Stages:
    level_GJ, there_GJ = rankings.level_GJ, rankings.response_GJ >= 0
    below_GJJ = (level_GJ[:, None, :] > level_GJ[:, :, None]) & there_GJ[:, None, :]
    open_GJJ = below_GJJ | np.eye(level_GJ.shape[1], dtype=bool)
    parts = (edges.ranking_E, edges.above_E, edges.below_E, open_GJJ)
    return Stages(*(torch.tensor(part, device=device) for part in parts))
