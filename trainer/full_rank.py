"""A head on all D numbers of an embedding, by warm L-BFGS: a matrix of D x D is out of reach."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.fit import Factor, Fit, Linear, Objective, Start, factor_at, fit_head
from trainer.geometry import Geometry
from trainer.head import Head, readings, rewards
from trainer.inputs import Inputs, embeddings, make_inputs
from trainer.material import FitConfig, Material
from trainer.posterior import PAIRS, Influence, leave_pair_out, whiten
from trainer.problem import Problem

TOLERANCE = 1e-7  # of the gradient of the mean loss, in the units of coordinates


@dataclass(frozen=True)
class FullRank:
    """A head on whole embeddings. margin_B: of each label, by the head without any label of its pair (approximate)."""

    head: Head
    margin_B: npt.NDArray[np.float64]


def full_rank(
    material: Material,
    config: FitConfig,
    head: Head,
    geometry: Geometry,
    *,
    device: str | torch.device | None = None,
) -> FullRank:
    """Refit `head` without its rotation: the same labels, loss and prior, on every direction of the embeddings.

    material, config, geometry: what `head` was fitted from; its temperature stays. Pure, and the same bytes from the
    same inputs on one machine. Costs a few dozen passes over the embeddings, two for each step, of which 8 MiB are
    widened at a time.
    """
    there = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    inputs = make_inputs(material, config, there)
    live = inputs.problem(geometry.coordinates_NK)
    wide = inputs.problem(embeddings(material).to(there))
    factor = factor_of(live, head, geometry)
    fit = fit_head(
        wide,
        head.prior_precision / geometry.scale**2,
        start_of(head, wide),
        inverse=nearly_inverse(factor, head, geometry),
        tolerance=TOLERANCE / geometry.scale,
    )
    weights_D, cuts = fit.point.weight_K.float().cpu().numpy(), tuple(fit.point.cuts_C.tolist())
    found = replace(head, weights_D=weights_D, bias=0.0, cuts=cuts)
    found = replace(found, **readings(rewards(found, material.embedding_ND)))
    return FullRank(found, _margins_without_pair(inputs, fit, wide, live, head.prior_precision, geometry))


def start_of(head: Head, problem: Problem) -> Start:
    """Return the numbers of a head, for a search on whole embeddings."""
    device = problem.weight_B.device
    cuts_C = torch.tensor(head.cuts, dtype=torch.float64, device=device)
    return Start(torch.from_numpy(head.weights_D).to(device).double(), problem.cut_points.log_steps(cuts_C))


def nearly_inverse(factor: Factor, head: Head, geometry: Geometry) -> Linear:
    """Return about the inverse of the Hessian at full rank: the posterior's covariance along the rotation P,

    c^2 P (L L^T)^-1 P^T from the rotated head's Hessian, and the prior's c^2 / lambda across it, where responses hardly
    differ. Cut points have their prior's, 1.
    """
    rotation_DK = geometry.rotation_DK.double()

    def solve(vector: Tensor) -> Tensor:
        own_D, rest = torch.split(vector, [len(rotation_DK), len(vector) - len(rotation_DK)])
        along_K = rotation_DK.T @ own_D
        inside_K = factor.solve(along_K) - along_K / head.prior_precision
        return torch.cat([geometry.scale**2 * (own_D / head.prior_precision + rotation_DK @ inside_K), rest])

    return solve


def factor_of(live: Problem, head: Head, geometry: Geometry) -> Factor:
    """Return the factor of the rotated head's Hessian, cut points held."""
    start = start_of(head, live)
    point = Objective(live, head.prior_precision).at(geometry.lower(start.weight_K), start.log_step)
    return factor_at(live, live.weight_B * point.terms.v_B, head.prior_precision)


def _margins_without_pair(
    inputs: Inputs, fit: Fit, wide: Problem, live: Problem, precision: float, geometry: Geometry
) -> npt.NDArray[np.float64]:
    """Return each label's margin by the head without any label of its pair.

    Approximate: one Newton step, with the Hessian along the rotation and, across it, prior and labels taken as equally
    informed of every direction. The pair is taken out of the first before the second is added: taken out of their sum,
    it could be more than all that was known.
    """
    v_B, rho_B = (wide.weight_B * part for part in (fit.point.terms.v_B, fit.point.terms.rho_B))
    factor = factor_at(live, v_B, precision)
    along_B = _lengths(live, whiten(live.coordinates_RK, factor.lower))
    whole_B = geometry.scale**2 * _lengths(wide, wide.coordinates_RK)
    across_B = (whole_B - _lengths(live, live.coordinates_RK)).clamp(min=0)
    n_across = max(wide.coordinates_RK.shape[1] - live.coordinates_RK.shape[1], 1)
    across_B = across_B / (factor.precision + v_B @ across_B / n_across)
    *labels, across_B = (part[: len(inputs.pair_B)] for part in (fit.point.margin_B, along_B, rho_B, v_B, across_B))
    without_B: npt.NDArray[np.float64] = leave_pair_out(Influence(*labels), inputs.pair_B, across_B)[0].cpu().numpy()
    return without_B


def _lengths(problem: Problem, row_RK: Tensor) -> Tensor:
    """Return the squared length of each edge's difference of rows, in fp64."""
    ends = zip(torch.split(problem.graph.first, PAIRS), torch.split(problem.graph.second, PAIRS), strict=True)
    lengths = [(row_RK[first].float() - row_RK[second].float()).square().sum(1) for first, second in ends]
    return torch.cat(lengths).double()
