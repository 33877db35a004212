"""Sums over a graph whose nodes are responses and whose edges are pairs; no pair is ever a row of its own."""

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

with warnings.catch_warnings():  # torch says once per process that CSR is in beta: let it say so here
    warnings.simplefilter("ignore")
    torch.eye(1).to_sparse_csr()


@dataclass(frozen=True)
class Grouping:
    """A fixed assignment of items to groups, sorted once, so that sums come in one order on every device."""

    order: Tensor
    size_G: Tensor

    def sums(self, values: Tensor) -> Tensor:
        return torch.segment_reduce(values[self.order], "sum", lengths=self.size_G, unsafe=True)


def grouping(group: Tensor, n_groups: int) -> Grouping:
    return Grouping(group.argsort(stable=True), torch.bincount(group, minlength=n_groups))


@dataclass(frozen=True)
class Graph:
    """The comparison graph of edges first -> second over `n` responses, its pattern worked out once.

    `laplacian(weight)` is L = sum of weight * (e_first - e_second)(e_first - e_second)^T, so that
    X^T diag(weight) X = Z^T L Z for the differences X = Z[first] - Z[second].
    """

    n: int
    first: Tensor
    second: Tensor
    _row_starts: Tensor
    _columns: Tensor
    _entries: Grouping
    _ends: Grouping

    def laplacian(self, weight: Tensor) -> Tensor:
        entries = torch.cat([weight, weight, -weight, -weight])
        values = self._entries.sums(entries)
        return torch.sparse_csr_tensor(
            self._row_starts, self._columns, values, (self.n, self.n), check_invariants=False
        )

    def divergence(self, flow: Tensor) -> Tensor:
        """Sum a number per edge into its ends: plus at the first, minus at the second."""
        return self._ends.sums(torch.cat([flow, -flow]))

    def difference(self, value: Tensor) -> Tensor:
        return value[self.first] - value[self.second]


def comparison_graph(first: Tensor, second: Tensor, n: int) -> Graph:
    rows = torch.cat([first, second, first, second])
    columns = torch.cat([first, second, second, first])
    cells, entry = torch.unique(rows * n + columns, return_inverse=True)
    degree = torch.bincount(cells // n, minlength=n)
    row_starts = torch.cat([degree.new_zeros(1), degree.cumsum(0)])
    ends = grouping(torch.cat([first, second]), n)
    return Graph(n, first, second, row_starts, cells % n, grouping(entry, len(cells)), ends)
