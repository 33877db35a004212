import numpy as np
import pytest
import torch

from tests.trainer.simulated import make_ends
from trainer.geometry import Geometry, fit_geometry

Embeddings = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def make_embeddings(n: int, size: int, *, n_pairs: int = 400, seed: int = 0) -> Embeddings:
    """Return embeddings with a spectrum that falls like those of real texts, and pairs."""
    rng = np.random.default_rng(seed)
    n_factors = min(n, size)
    loading = rng.standard_normal((n, n_factors)) * np.arange(1, n_factors + 1) ** -0.7
    embedding = loading @ rng.standard_normal((n_factors, size))
    first, second = make_ends(rng, n_pairs, n)
    return torch.from_numpy(embedding).half(), torch.from_numpy(first), torch.from_numpy(second)


def differences(geometry: Geometry, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    return geometry.coordinates_NK[first] - geometry.coordinates_NK[second]


@pytest.mark.parametrize(("n", "size"), [(100, 8), (100, 40), (20, 1500)])
def test_the_mean_square_of_a_pair_is_one_where_nothing_is_left_out(n: int, size: int) -> None:
    embedding, first, second = make_embeddings(n, size)

    geometry = fit_geometry(embedding, first, second, seed=0, rank=40)

    assert differences(geometry, first, second).square().sum(1).mean().item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("n", "size"), [(100, 200), (300, 1500)])
def test_the_directions_are_those_in_which_pairs_differ_most(n: int, size: int) -> None:
    embedding, first, second = make_embeddings(n, size)
    exact = embedding[first].double() - embedding[second].double()
    largest = torch.linalg.eigvalsh(exact.T @ exact)[-20:].sum() / exact.square().sum()

    geometry = fit_geometry(embedding, first, second, seed=0, rank=20)

    kept = differences(geometry, first, second).square().sum(1).mean()
    assert kept.item() == pytest.approx(largest.item(), rel=2e-3)


def test_the_rotation_is_orthonormal() -> None:
    geometry = fit_geometry(*make_embeddings(300, 1500), seed=0, rank=20)

    torch.testing.assert_close(geometry.rotation_DK.T @ geometry.rotation_DK, torch.eye(20), atol=1e-4, rtol=0)


def test_small_embeddings_are_not_rotated() -> None:
    geometry = fit_geometry(*make_embeddings(30, 8), seed=0, rank=20)

    assert torch.equal(geometry.rotation_DK, torch.eye(8))


def test_lifted_weights_give_the_same_rewards() -> None:
    embedding, first, second = make_embeddings(100, 200)
    geometry = fit_geometry(embedding, first, second, seed=0, rank=20)
    weight_K = torch.linspace(-1, 1, 20, dtype=torch.float64)

    on_embeddings = embedding.double() @ geometry.lift(weight_K)

    torch.testing.assert_close(on_embeddings, geometry.coordinates_NK.double() @ weight_K, atol=1e-4, rtol=0)
    torch.testing.assert_close(geometry.lower(geometry.lift(weight_K)), weight_K, atol=1e-4, rtol=0)


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    material = make_embeddings(300, 1500)

    same = [fit_geometry(*material, seed=seed, rank=20).digest for seed in (1, 1, 2)]

    assert same[0] == same[1] != same[2]


def test_pairs_of_equal_responses_have_a_geometry_too() -> None:
    embedding = torch.ones(4, 8).half()

    geometry = fit_geometry(embedding, torch.tensor([0]), torch.tensor([1]), seed=0)

    assert geometry.scale == 1
