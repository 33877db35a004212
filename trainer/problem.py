"""The data side of a fit: labels as intervals on the graph of responses, and the products the fit needs of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.graph import Graph, comparison_graph
from trainer.likelihood import CutPoints, Intervals
from trainer.outcomes import Scale

ROWS = 8192  # of a matrix product whose fp32 result is added up in fp64
WIDE = 2**25  # numbers that may be kept in fp64 beside fp32: 256 MiB


@dataclass(frozen=True)
class Problem:
    """Everything the loss is made of: responses that were compared, the graph over them, what each verdict meant.

    coordinates_RK: fp32, only the R responses that have a label. wide_RK: the same in fp64 where that is small, so that
    it is not widened for each product. The loss is the weighted sum over labels.
    """

    coordinates_RK: Tensor
    wide_RK: Tensor
    graph: Graph
    intervals: Intervals
    weight_B: Tensor
    cut_points: CutPoints

    def margins(self, weight_K: Tensor) -> Tensor:
        rewards = [rows.double() @ weight_K for rows in torch.split(self.wide_RK, ROWS)]
        return self.graph.difference(torch.cat(rewards))

    def pull_back(self, flow_B: Tensor) -> Tensor:
        """Return X^T flow, the gradient in the weights of a sum whose derivatives in the margins are `flow`."""
        at_response = torch.split(self.graph.divergence(flow_B), ROWS)
        rows = torch.split(self.wide_RK, ROWS)
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
    touched_N = torch.bincount(torch.cat([first_B, second_B]), minlength=len(coordinates_NK)) > 0
    place_N = touched_N.cumsum(0) - 1
    coordinates_RK = coordinates_NK[touched_N].float()
    graph = comparison_graph(place_N[first_B], place_N[second_B], len(coordinates_RK))
    wide_RK = coordinates_RK.double() if coordinates_RK.numel() <= WIDE else coordinates_RK
    return Problem(coordinates_RK, wide_RK, graph, intervals, weight_B, CutPoints(scale))
