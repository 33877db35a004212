"""Sums over a graph whose nodes are responses and whose edges are pairs; no pair is ever a row of its own."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

CHUNK = 2**22  # numbers taken at a time where fp32 products are added up in fp64, or fp32 is widened

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


def rows_at_a_time(value: Tensor) -> int:
    return max(CHUNK // max(value.shape[1], 1), 1)


@dataclass(frozen=True)
class Graph:
    """The comparison graph of edges first -> second over `n` responses, its pattern worked out once.

    Its Laplacian is L = sum of weight * (e_first - e_second)(e_first - e_second)^T, so that X^T diag(weight) X =
    Z^T L Z for the differences X = Z[first] - Z[second].
    """

    n: int
    first: Tensor
    second: Tensor
    _row_starts: Tensor
    _columns: Tensor
    _cells: Grouping
    _ends: Grouping

    def gram(self, value: Tensor, weight: Tensor) -> Tensor:
        """Return X^T diag(weight) X in fp64 of fp32 values, in chunks, by edges or by responses as is fewer."""
        size = value.shape[1]
        total = torch.zeros(size, size, dtype=torch.float64, device=value.device)
        by_edges = len(weight) <= self.n
        for left, right in self._by_edges(value, weight) if by_edges else self._by_responses(value, weight):
            total += left.T @ right
        return total

    def _by_edges(self, value: Tensor, weight: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        n_rows = rows_at_a_time(value)
        parts = (torch.split(part, n_rows) for part in (self.first, self.second, weight.float()))
        for first, second, share in zip(*parts, strict=True):
            difference = value[first] - value[second]
            yield difference, share[:, None] * difference

    def _by_responses(self, value: Tensor, weight: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        for rows, spread in self.spread(value, weight):
            yield value[rows], spread

    def spread(self, value: Tensor, weight: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Yield L value in fp32, some rows at a time."""
        weight = weight.double()  # thousands of labels of one pair, added up in fp32, are off by a share of 1e-4
        degree = self._ends.sums(torch.cat([weight, weight]))
        entries = self._cells.sums(torch.cat([-weight, -weight, degree])).float()
        n_rows = rows_at_a_time(value)
        for start in range(0, self.n, n_rows):
            rows = slice(start, min(start + n_rows, self.n))
            yield rows, self._laplacian_rows(entries, rows) @ value

    def _laplacian_rows(self, entries: Tensor, rows: slice) -> Tensor:
        starts = self._row_starts[rows.start : rows.stop + 1]
        here = slice(int(starts[0]), int(starts[-1]))
        size = (len(starts) - 1, self.n)
        return torch.sparse_csr_tensor(
            starts - starts[0], self._columns[here], entries[here], size, check_invariants=False
        )

    def divergence(self, flow: Tensor) -> Tensor:
        """Sum a number per edge into its ends: plus at the first, minus at the second."""
        return self._ends.sums(torch.cat([flow, -flow]))

    def difference(self, value: Tensor) -> Tensor:
        return value[self.first] - value[self.second]


def comparison_graph(first: Tensor, second: Tensor, n: int) -> Graph:
    every = torch.arange(n, device=first.device)
    key, order = torch.cat([first * n + second, second * n + first, every * (n + 1)]).sort(stable=True)
    cells, size = torch.unique_consecutive(key, return_counts=True)
    row_starts = torch.searchsorted(cells, n * torch.arange(n + 1, device=first.device))
    # The diagonal's own keys lie among them; without these the entries of a row are the edges that end there.
    of_edges = order < 2 * len(first)
    ends = Grouping(order[of_edges], torch.bincount(torch.cat([first, second]), minlength=n))
    return Graph(n, first, second, row_starts, cells % n, Grouping(order, size), ends)
