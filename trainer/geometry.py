"""The space a project's head works in: one scale for all axes and the top directions of its pair differences."""

import hashlib
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor

from trainer.graph import Graph, comparison_graph

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

    @property
    def digest(self) -> str:
        return _digest(np.float64(self.scale).tobytes(), self.rotation_DK.cpu().numpy().tobytes())

    def project(self, embedding_ND: Tensor) -> Tensor:
        return self.scale * _in_rows(embedding_ND, self.rotation_DK)

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
    (Halko, Martinsson & Tropp 2011, algorithm 4.4), whose cost is POWER_STEPS passes over E.
    """
    graph = comparison_graph(first_M, second_M, len(embedding_ND))
    scale = _scale(embedding_ND, first_M, second_M)
    rotation_DK = _rotation(embedding_ND, graph, rank, seed)
    coordinates_NK = scale * _in_rows(embedding_ND, rotation_DK)
    return Geometry(scale, rotation_DK, coordinates_NK, made_from)


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _scale(embedding_ND: Tensor, first_M: Tensor, second_M: Tensor) -> float:
    total = 0.0
    for first, second in zip(torch.split(first_M, ROWS), torch.split(second_M, ROWS), strict=True):
        difference = embedding_ND[first].float() - embedding_ND[second].float()
        total += difference.square().sum(1).double().sum().item()
    return (len(first_M) / total) ** 0.5 if total > 0 else 1.0


def _rotation(embedding_ND: Tensor, graph: Graph, rank: int, seed: int) -> Tensor:
    n, size = embedding_ND.shape
    if size <= rank:
        return torch.eye(size, device=embedding_ND.device)
    laplacian = graph.laplacian(torch.ones(len(graph.first), device=embedding_ND.device))
    if size <= SMALL:
        basis_DK = torch.eye(size, device=embedding_ND.device)
    elif n <= rank:
        basis_DK = _orthonormal(embedding_ND.float().T)
    else:
        basis_DK = _sketch(embedding_ND, laplacian, rank + OVERSAMPLING, seed)
    return _ritz(embedding_ND, laplacian, basis_DK)[:, :rank].contiguous()


def _sketch(embedding_ND: Tensor, laplacian: Tensor, width: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    basis_DK = torch.randn(embedding_ND.shape[1], width, generator=generator).to(embedding_ND.device)
    for _ in range(POWER_STEPS):
        basis_DK = _orthonormal(_spread(embedding_ND, laplacian @ _in_rows(embedding_ND, basis_DK)))
    return basis_DK


def _ritz(embedding_ND: Tensor, laplacian: Tensor, basis_DK: Tensor) -> Tensor:
    """Rotate the basis to the eigenvectors of E^T L E within it, largest first (Rayleigh-Ritz)."""
    seen_NK = _in_rows(embedding_ND, basis_DK)
    _, vectors = torch.linalg.eigh((seen_NK.T @ (laplacian @ seen_NK)).double())
    rotated: Tensor = basis_DK @ vectors.flip(1).float()
    return rotated


def _orthonormal(columns: Tensor) -> Tensor:
    return cast(Tensor, torch.linalg.qr(columns)[0])


def _in_rows(embedding_ND: Tensor, basis_DK: Tensor) -> Tensor:
    """Return E B in fp32, some rows of fp16 at a time."""
    return torch.cat([rows.float() @ basis_DK for rows in torch.split(embedding_ND, ROWS)])


def _spread(embedding_ND: Tensor, value_NK: Tensor) -> Tensor:
    """Return E^T V in fp32, some rows of fp16 at a time."""
    total = torch.zeros(embedding_ND.shape[1], value_NK.shape[1], device=embedding_ND.device)
    for rows, value in zip(torch.split(embedding_ND, ROWS), torch.split(value_NK, ROWS), strict=True):
        total.addmm_(rows.float().T, value)
    return total
