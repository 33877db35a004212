import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.simulated import make_ends
from trainer.graph import comparison_graph, grouping


@given(st.integers(0, 1000), st.integers(0, 40))
def test_the_laplacian_gives_the_gram_matrix_of_the_differences(seed: int, n_edges: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = (torch.from_numpy(ends) for ends in make_ends(rng, n_edges, 7))
    value_NK = torch.from_numpy(rng.standard_normal((7, 3))).float()
    weight = torch.from_numpy(rng.uniform(0, 2, n_edges)).float()
    difference = value_NK[first] - value_NK[second]

    gram = comparison_graph(first, second, 7).gram(value_NK, weight)

    torch.testing.assert_close(gram, (difference.T @ (weight[:, None] * difference)).double(), atol=1e-5, rtol=1e-5)


def test_the_gram_matrix_of_ten_thousand_labels_of_one_pair_keeps_the_digits_of_fp32() -> None:
    first, second = torch.zeros(10_000).long(), torch.ones(10_000).long()
    value_NK = torch.tensor([[0.0, 0.5], [1.0, 0.0]])
    weight = torch.full((10_000,), 0.21).double()  # verdicts on one pair have the same v, and so the same rounding
    difference = (value_NK[first] - value_NK[second]).double()

    gram = comparison_graph(first, second, 2).gram(value_NK, weight)

    torch.testing.assert_close(gram, difference.T @ (weight[:, None] * difference), atol=0, rtol=3e-7)


@given(st.integers(0, 1000))
def test_divergence_is_the_transpose_of_difference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = comparison_graph(*(torch.from_numpy(ends) for ends in make_ends(rng, 20, 7)), 7)
    value_N, flow_B = torch.from_numpy(rng.standard_normal(7)), torch.from_numpy(rng.standard_normal(20))

    assert torch.isclose(graph.difference(value_N) @ flow_B, value_N @ graph.divergence(flow_B))


def test_groups_without_items_sum_to_zero() -> None:
    groups = grouping(torch.tensor([2, 0, 2]), 4)

    assert groups.sums(torch.tensor([1.0, 2.0, 3.0])).tolist() == [2, 0, 4, 0]
