"""Which labels made the head expect what it expected: those that moved a margin most, either way."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.posterior import PAIRS, Influence, Posterior
from trainer.problem import Problem

MOST = 3  # on either side

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Moved:
    """A label and by how many logits it moves a margin: positive toward first."""

    label: int
    logits: float


def influences(problem: Problem, posterior: Posterior, labels: Influence, target_T: Indices) -> list[list[Moved]]:
    """Return for each target label the 3 others that push its margin up most and the 3 that push it down most.

    Label i moves the margin of t by -d_t^T H^-1 d_i rho_i / (1 - v_i q_i): what the margin would lose without it,
    one Newton step away (Cook & Weisberg 1982; Koh & Liang 2017 for models at large). Cost: T B K.
    """
    graph = problem.graph
    target = torch.from_numpy(target_T).to(graph.first.device)
    rows_TK = posterior.differences(graph.first[target], graph.second[target])
    push_B = -labels.rho_B / (1 - labels.v_B * labels.leverage_B)
    parts = zip(torch.split(graph.first, PAIRS), torch.split(graph.second, PAIRS), strict=True)
    moved_TB = torch.cat([rows_TK @ posterior.differences(*part).T for part in parts], 1) * push_B.float()
    moved_TB[torch.arange(len(target)), target] = 0
    return [_strongest(moved_B) for moved_B in moved_TB]


def _strongest(moved_B: Tensor) -> list[Moved]:
    n = min(MOST, len(moved_B))
    places = {*moved_B.topk(n).indices.tolist(), *(-moved_B).topk(n).indices.tolist()}
    found = [Moved(place, moved_B[place].item()) for place in sorted(places)]
    return sorted((one for one in found if one.logits), key=lambda one: -one.logits)
