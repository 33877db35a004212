"""The data side of a fit: labels and rankings on the graph of responses, and the products the fit needs of them."""

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from trainer.graph import Graph, comparison_graph, rows_at_a_time
from trainer.likelihood import CutPoints, Intervals, MarginTerms
from trainer.outcomes import Scale
from trainer.rankings import Stages

WIDE = 2**25  # numbers that may be kept in fp64 beside fp32: 256 MiB


@dataclass(frozen=True)
class Problem:
    """Everything the loss is made of: responses that were compared, the graph over them, what each verdict meant.

    coordinates_RK: the R responses that have a label, fp32 (fp16 where they are embeddings). wide_RK: the same in fp64
    where that is small, so that it is not widened for each product. The loss is the weighted sum over labels; the
    graph's edges B are the labels of `intervals`, then those of `stages` where there are rankings.
    """

    coordinates_RK: Tensor
    wide_RK: Tensor
    graph: Graph
    intervals: Intervals
    weight_B: Tensor
    cut_points: CutPoints
    stages: Stages | None = None

    @property
    def n_labels(self) -> int:
        return len(self.intervals.lower_B)

    @cached_property
    def total_weight(self) -> float:
        """Return what a mean loss is divided by: the weight of all labels and stages, at least 1."""
        total = self.weight_B[: self.n_labels].sum()
        if self.stages is not None:
            total = total + self.weight_B[self.n_labels :][self.stages.counted_E].sum()
        return max(total.item(), 1.0)

    def terms(self, margin_B: Tensor, cuts_C: Tensor) -> MarginTerms:
        """Return loss, rho and v of each edge, not yet weighted."""
        labels = self.intervals.terms(margin_B[: self.n_labels], cuts_C)
        if self.stages is None:
            return labels
        ranked = self.stages.terms(margin_B[self.n_labels :])
        return MarginTerms(*(torch.cat(both) for both in zip(labels, ranked, strict=True)))

    def margins(self, weight_K: Tensor) -> Tensor:
        rewards = [rows.double() @ weight_K for rows in self._chunks()]
        return self.graph.difference(torch.cat(rewards))

    def pull_back(self, flow_B: Tensor) -> Tensor:
        """Return X^T flow, the gradient in the weights of a sum whose derivatives in the margins are `flow`."""
        at_response = torch.split(self.graph.divergence(flow_B), rows_at_a_time(self.wide_RK))
        total = self.weight_B.new_zeros(self.wide_RK.shape[1])
        for rows, value in zip(self._chunks(), at_response, strict=True):
            total += rows.double().T @ value
        return total

    def _chunks(self) -> tuple[Tensor, ...]:
        return torch.split(self.wide_RK, rows_at_a_time(self.wide_RK))

    def gram(self, curvature_B: Tensor) -> Tensor:
        """Return X^T diag(curvature) X in fp64."""
        return self.graph.gram(self.coordinates_RK, curvature_B)

    def without_rankings(self, n_labels: int) -> "Problem":
        """Return the problem of the first labels alone, on the same responses."""
        graph = comparison_graph(self.graph.first[:n_labels], self.graph.second[:n_labels], self.graph.n)
        intervals, weight_B = self.intervals.of(slice(n_labels)), self.weight_B[:n_labels]
        return replace(self, graph=graph, intervals=intervals, weight_B=weight_B, stages=None)


def make_problem(
    coordinates_NK: Tensor,
    first_B: Tensor,
    second_B: Tensor,
    intervals: Intervals,
    weight_B: Tensor,
    scale: Scale,
    stages: Stages | None = None,
) -> Problem:
    """Put labels, then the edges of stages, on the graph of the responses they touch."""
    touched_N = torch.bincount(torch.cat([first_B, second_B]), minlength=len(coordinates_NK)) > 0
    if coordinates_NK.numel() > WIDE and 2 * int(touched_N.sum()) > len(touched_N):
        touched_N = torch.ones_like(touched_N)  # a copy of most rows would cost more memory than it saves work
    place_N = touched_N.cumsum(0) - 1
    coordinates_RK = coordinates_NK if touched_N.all() else coordinates_NK[touched_N]
    wide_RK = coordinates_RK
    if coordinates_RK.numel() <= WIDE:
        coordinates_RK, wide_RK = coordinates_RK.float(), coordinates_RK.double()
    graph = comparison_graph(place_N[first_B], place_N[second_B], len(coordinates_RK))
    return Problem(coordinates_RK, wide_RK, graph, intervals, weight_B, CutPoints(scale), stages)
