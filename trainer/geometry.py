"""The space a project's head works in: one scale for all axes and the top directions of its pair differences."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import torch
from torch import Tensor

from trainer.graph import Graph, comparison_graph
from trainer.scratch import room

RANK = 512
SMALL = 1024  # up to this embedding size the exact eigenproblem is cheaper than the randomised one
OVERSAMPLING = 32
POWER_STEPS = 2
ROWS = 512  # responses held in fp32 at a time; more fall out of the cache of a CPU


@dataclass(frozen=True)
class Geometry:
    """Scale c and rotation P of a project: a response's coordinates are c E P, so that mean |d|^2 over pairs is 1.

    rotation_DK has orthonormal columns. made_from: the digest of the embeddings' key, the pairs and the settings;
    the same inputs need no second making.
    """

    scale: float
    rotation_DK: Tensor
    coordinates_NK: Tensor
    made_from: str

    @cached_property
    def digest(self) -> str:
        return _digest(np.float64(self.scale).tobytes(), self.rotation_DK.cpu().numpy().tobytes())

    @property
    def is_whole(self) -> bool:
        """Say whether no direction was left out: a head on coordinates is one at full rank."""
        return self.rotation_DK.shape[0] == self.rotation_DK.shape[1]

    def project(self, embedding_ND: Tensor) -> Tensor:
        return _in_rows(embedding_ND, self.scale * self.rotation_DK)

    def lift(self, weight_K: Tensor) -> Tensor:
        """Map weights on coordinates back to weights on embeddings."""
        return self.scale * (self.rotation_DK.double() @ weight_K)

    def lower(self, weight_D: Tensor) -> Tensor:
        """Map weights on embeddings to weights on coordinates: the inverse of `lift` within the rotation."""
        return self.rotation_DK.double().T @ weight_D.double() / self.scale


def fit_geometry(
    embedding_ND: Tensor, first_M: Tensor, second_M: Tensor, *, seed: int, rank: int = RANK, made_from: str = ""
) -> Geometry:
    """Find the directions in which the pairs differ most: the top eigenvectors of E^T L E.

    Exact for small embeddings or few responses, else by seeded randomised subspace iteration
    (Halko, Martinsson & Tropp 2011, algorithm 4.4), whose cost is POWER_STEPS passes over E. The embeddings may stay in
    memory that is mapped from a file; the work is done where first_M is.
    """
    graph = comparison_graph(first_M, second_M, len(embedding_ND))
    scale = _scale(embedding_ND, first_M, second_M)
    rotation_DK = _rotation(embedding_ND, graph, rank, seed)
    coordinates_NK = _in_rows(embedding_ND, scale * rotation_DK)
    return Geometry(scale, rotation_DK, coordinates_NK, made_from)


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _scale(embedding_ND: Tensor, first_M: Tensor, second_M: Tensor) -> float:
    total = 0.0
    for first, second in zip(torch.split(first_M.cpu(), ROWS), torch.split(second_M.cpu(), ROWS), strict=True):
        ends = (embedding_ND[end].to(first_M.device).float() for end in (first, second))
        total += torch.sub(*ends).square().sum(1).double().sum().item()
    return (len(first_M) / total) ** 0.5 if total > 0 else 1.0


def _rotation(embedding_ND: Tensor, graph: Graph, rank: int, seed: int) -> Tensor:
    n, size = embedding_ND.shape
    device = graph.first.device
    if size <= rank:
        return torch.eye(size, device=device)
    if size <= SMALL:
        basis_DK = torch.eye(size, device=device)
    elif n <= rank:
        basis_DK = _orthonormal(embedding_ND.to(device).float().T)
    else:
        basis_DK = _sketch(embedding_ND, graph, rank + OVERSAMPLING, seed)
    return _ritz(embedding_ND, graph, basis_DK)[:, :rank].contiguous()


def _sketch(embedding_ND: Tensor, graph: Graph, width: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    basis_DK = torch.randn(embedding_ND.shape[1], width, generator=generator).to(graph.first.device)
    for _ in range(POWER_STEPS):
        basis_DK = _orthonormal(_power(embedding_ND, graph, basis_DK))
    return basis_DK


def _power(embedding_ND: Tensor, graph: Graph, basis_DK: Tensor) -> Tensor:
    """Return E^T L E B in fp32."""
    total_DK = torch.zeros_like(basis_DK)
    for rows, spread in graph.spread(_in_rows(embedding_ND, basis_DK), _ones(graph)):
        for some, value in zip(torch.split(embedding_ND[rows], ROWS), torch.split(spread, ROWS), strict=True):
            total_DK.addmm_(some.to(value.device).float().T, value)
    return total_DK


def _ritz(embedding_ND: Tensor, graph: Graph, basis_DK: Tensor) -> Tensor:
    """Rotate the basis to the eigenvectors of E^T L E within it, largest first (Rayleigh-Ritz)."""
    _, vectors = torch.linalg.eigh(graph.gram(_in_rows(embedding_ND, basis_DK), _ones(graph)))
    rotated: Tensor = basis_DK @ vectors.flip(1).float()
    return rotated


def _ones(graph: Graph) -> Tensor:
    return torch.ones(len(graph.first), device=graph.first.device)


def _orthonormal(columns: Tensor) -> Tensor:
    return cast(Tensor, torch.linalg.qr(columns)[0])


def _in_rows(embedding_ND: Tensor, basis_DK: Tensor) -> Tensor:
    """Return E B in fp32, some rows of fp16 at a time."""
    found = room(len(embedding_ND), basis_DK.shape[1], basis_DK.device)
    for rows, place in zip(torch.split(embedding_ND, ROWS), torch.split(found, ROWS), strict=True):
        torch.mm(rows.to(basis_DK.device).float(), basis_DK, out=place)
    return found
