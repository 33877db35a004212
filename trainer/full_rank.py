"""A head on all D numbers of an embedding: warm L-BFGS where a matrix of D x D is out of reach."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from torch import Tensor

from trainer.fit import Fit, Objective, Start, factorise
from trainer.geometry import Geometry
from trainer.head import Head, readings, rewards
from trainer.inputs import make_inputs
from trainer.material import FitConfig, Material
from trainer.problem import Problem

TOLERANCE = 1e-4  # of a component of the gradient, in posterior standard deviations of its weight
MEMORY = 20  # steps that L-BFGS remembers
MAX_STEPS = 500

Floats = npt.NDArray[np.float64]


def full_rank(
    material: Material,
    config: FitConfig,
    head: Head,
    geometry: Geometry,
    *,
    device: str | torch.device | None = None,
) -> Head:
    """Refit `head` without its rotation: the same labels, loss and prior, on every direction of the embeddings.

    For a head that is released. material, config, geometry: what `head` was fitted from; its temperature stays. Pure,
    and the same bytes from the same inputs on one machine. Costs a few dozen passes over the embeddings, two for each
    step, of which 8 MiB are widened at a time.
    """
    there = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    inputs = make_inputs(material, config, there)
    live = inputs.problem(geometry.coordinates_NK)
    weight_D = torch.from_numpy(head.weights_D).to(there).double()
    cuts_C = torch.tensor(head.cuts, dtype=torch.float64, device=there)
    start = Start(weight_D, live.cut_points.log_steps(cuts_C))
    stretch = stretch_of(live, head, geometry, start)
    wide = inputs.problem(torch.as_tensor(material.embedding_ND, device=there))
    fit = fit_lbfgs(wide, head.prior_precision / geometry.scale**2, start, stretch)
    found = replace(
        head, weights_D=fit.point.weight_K.float().cpu().numpy(), bias=0.0, cuts=tuple(fit.point.cuts_C.tolist())
    )
    return replace(found, **readings(rewards(found, material.embedding_ND)))


@dataclass(frozen=True)
class Stretch:
    """A linear map M from well-conditioned numbers to weights: M M^T is about the posterior's covariance.

    Along the rotation P it is that of the rotated head, c^2 P (L L^T)^-1 P^T; across it, where responses hardly
    differ, the prior's.
    """

    rotation_DK: Tensor
    inside: Callable[[Tensor, bool], Tensor]
    outside: float

    def __call__(self, value_D: Tensor, transposed: bool = False) -> Tensor:
        along_K = self.rotation_DK.T @ value_D
        across_D = value_D - self.rotation_DK @ along_K
        return self.outside * across_D + self.rotation_DK @ self.inside(along_K, transposed)


def stretch_of(live: Problem, head: Head, geometry: Geometry, start: Start) -> Stretch:
    objective = Objective(live, head.prior_precision)
    point = objective.at(geometry.lower(start.weight_K), start.log_step)
    n = len(point.weight_K)
    lower_KK = factorise(objective.hessian(point)[:n, :n], head.prior_precision).lower

    def inside(value_K: Tensor, transposed: bool) -> Tensor:
        matrix = lower_KK if transposed else lower_KK.T
        solved: Tensor = torch.linalg.solve_triangular(matrix, value_K[:, None], upper=not transposed)
        return geometry.scale * solved[:, 0]

    return Stretch(geometry.rotation_DK.double(), inside, geometry.scale / head.prior_precision**0.5)


def fit_lbfgs(problem: Problem, prior_precision: float, start: Start, stretch: Callable[[Tensor, bool], Tensor]) -> Fit:
    """Minimise the objective of `fit_head` by L-BFGS (Liu & Nocedal 1989) over v and log-steps, w = w_start + M v."""
    objective, n = Objective(problem, prior_precision), len(start.weight_K)

    def here(numbers: Floats) -> Start:
        moved = torch.from_numpy(numbers).to(start.weight_K)
        return Start(start.weight_K + stretch(moved[:n], False), moved[n:])

    def value(numbers: Floats) -> tuple[float, Floats]:
        point = objective.at(*here(numbers))
        gradient = objective.gradient(point)
        felt = torch.cat([stretch(gradient[:n], True), gradient[n:]])
        return point.objective, felt.cpu().numpy()

    origin = np.concatenate([np.zeros(n), start.log_step.cpu().numpy()])
    options = {"maxcor": MEMORY, "gtol": TOLERANCE, "ftol": 0.0, "maxiter": MAX_STEPS, "maxfun": 2 * MAX_STEPS}
    found = minimize(value, origin, jac=True, method="L-BFGS-B", options=options)
    point = objective.at(*here(found.x))
    largest = objective.gradient(point).abs().max().item() / problem.total_weight
    mean_loss = (problem.weight_B @ point.terms.loss_B).item() / problem.total_weight
    return Fit(point, prior_precision, mean_loss, largest, int(found.nit), 0)
