"""A head on all D numbers of an embedding, by warm L-BFGS: a matrix of D x D is out of reach."""

from dataclasses import replace

import torch
from torch import Tensor

from trainer.fit import Factor, Linear, Objective, Start, factorise, fit_head
from trainer.geometry import Geometry
from trainer.head import Head, readings, rewards
from trainer.inputs import embeddings, make_inputs
from trainer.material import FitConfig, Material
from trainer.problem import Problem

TOLERANCE = 1e-7  # of the gradient of the mean loss, in the units of coordinates


def full_rank(
    material: Material,
    config: FitConfig,
    head: Head,
    geometry: Geometry,
    *,
    device: str | torch.device | None = None,
) -> Head:
    """Refit `head` without its rotation: the same labels, loss and prior, on every direction of the embeddings.

    On request: releases use the rotated head, which is the one that was tried. material, config, geometry: what `head`
    was fitted from; its temperature stays. Pure, and the same bytes from the same inputs on one machine. Costs a few
    dozen passes over the embeddings, two for each step, of which 8 MiB are widened at a time.
    """
    there = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    inputs = make_inputs(material, config, there)
    live = inputs.problem(geometry.coordinates_NK)
    wide = inputs.problem(embeddings(material).to(there))
    fit = fit_head(
        wide,
        head.prior_precision / geometry.scale**2,
        start_of(head, wide),
        inverse=nearly_inverse(live, head, geometry),
        tolerance=TOLERANCE / geometry.scale,
    )
    found = replace(
        head, weights_D=fit.point.weight_K.float().cpu().numpy(), bias=0.0, cuts=tuple(fit.point.cuts_C.tolist())
    )
    return replace(found, **readings(rewards(found, material.embedding_ND)))


def start_of(head: Head, problem: Problem) -> Start:
    """Return the numbers of a head, for a search on whole embeddings."""
    device = problem.weight_B.device
    cuts_C = torch.tensor(head.cuts, dtype=torch.float64, device=device)
    return Start(torch.from_numpy(head.weights_D).to(device).double(), problem.cut_points.log_steps(cuts_C))


def nearly_inverse(live: Problem, head: Head, geometry: Geometry) -> Linear:
    """Return about the inverse of the Hessian at full rank: the posterior's covariance along the rotation P,

    c^2 P (L L^T)^-1 P^T from the rotated head's Hessian, and the prior's c^2 / lambda across it, where responses hardly
    differ. Cut points have their prior's, 1.
    """
    factor, rotation_DK = _factor(live, head, geometry), geometry.rotation_DK.double()

    def solve(vector: Tensor) -> Tensor:
        own_D, rest = torch.split(vector, [len(rotation_DK), len(vector) - len(rotation_DK)])
        along_K = rotation_DK.T @ own_D
        inside_K = factor.solve(along_K) - along_K / head.prior_precision
        return torch.cat([geometry.scale**2 * (own_D / head.prior_precision + rotation_DK @ inside_K), rest])

    return solve


def _factor(live: Problem, head: Head, geometry: Geometry) -> Factor:
    objective = Objective(live, head.prior_precision)
    start = start_of(head, live)
    point = objective.at(geometry.lower(start.weight_K), start.log_step)
    n = len(point.weight_K)
    return factorise(objective.hessian(point)[:n, :n], head.prior_precision)
