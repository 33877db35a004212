"""What is costly to know of a project: how its people judge, whether selection helps, how labels looked to past heads.

A study goes over the labels of one refit. It is made seldom: `refit` answers each verdict, this one takes seconds.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.annotators import Lapse, lapses
from trainer.beside import Beside, Effect, fit_beside
from trainer.datamap import DataMap, data_map, rewards_of_all
from trainer.fit import Fit, Start, fit_head
from trainer.flips import Flips, flip_rates
from trainer.geometry import Geometry
from trainer.head import Head, readings
from trainer.helping import Helping, is_helping
from trainer.inputs import Inputs, make_inputs
from trainer.material import FitConfig, Material
from trainer.outcomes import Scale, verdicts
from trainer.posterior import influence, laplace_posterior, leave_pair_out
from trainer.problem import Problem
from trainer.refit import Refit
from trainer.style import style_columns
from trainer.tune import left_out_loss

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Circumstances:
    """How the labels of a material came about, in their order.

    side_B: +1 where first was shown on the left, -1 on the right, 0 unknown. learn_B, audit_B: the stream. blind_B:
    judged here. style_NS: trainer.style.style_of of each response, where its effects are asked for. history_KD: weights
    of past heads of the same encoder, history_K: the sharpness of each.
    """

    side_B: Floats
    learn_B: Flags
    audit_B: Flags
    blind_B: Flags
    style_NS: Floats | None
    history_KD: npt.NDArray[np.float32]
    history_K: Floats


@dataclass(frozen=True)
class Study:
    """What a study found. position: logits toward the left. style_free: the head with style taken out.

    map: of each label over the heads of the history; None with fewer than two.
    """

    n: int
    position: Effect
    style: dict[str, Effect]
    style_free: Head | None
    lapses: list[Lapse]
    helping: Helping | None
    flips: Flips | None
    map: DataMap | None


def study(material: Material, config: FitConfig, result: Refit, came: Circumstances, *, seed: int) -> Study:
    """Study the labels of a refit of `material`."""
    device = result.geometry.coordinates_NK.device
    inputs = make_inputs(material, config, device)
    problem = _labels_alone(inputs, result.geometry)
    fit = fit_head(problem, result.head.prior_precision, _start(result, problem))
    verdict_B = verdicts(material.outcome_B)
    style = _style(material, problem, fit, came)
    return Study(
        n=int((problem.weight_B > 0).sum()),
        position=fit_beside(problem, fit, {"position": torch.from_numpy(came.side_B)}).effects["position"],
        style=style.effects if style else {},
        style_free=_style_free(material, result, style) if style else None,
        lapses=_lapses(material, inputs, problem, fit, result.head.temperature),
        helping=_helping(material, problem, came, verdict_B, seed),
        flips=_flips(material, result, came, verdict_B, seed),
        map=_map(material, came, verdict_B),
    )


def _labels_alone(inputs: Inputs, geometry: Geometry) -> Problem:
    """Return the problem of the comparisons: what is asked here is asked of verdicts on pairs, not of rankings."""
    problem, n = inputs.problem(geometry.coordinates_NK), len(inputs.pair_B)
    return problem if n == len(problem.weight_B) else problem.without_rankings(n)


def _start(result: Refit, problem: Problem) -> Start:
    device = problem.weight_B.device
    weight_K = result.geometry.lower(torch.from_numpy(result.head.weights_D).to(device))
    cuts_C = torch.tensor(result.head.cuts, dtype=torch.float64, device=device)
    return Start(weight_K, problem.cut_points.log_steps(cuts_C))


def _style(material: Material, problem: Problem, fit: Fit, came: Circumstances) -> Beside | None:
    if came.style_NS is None:
        return None
    ends = material.first_M[material.pair_B], material.second_M[material.pair_B]
    columns = style_columns(came.style_NS, *ends)
    return fit_beside(problem, fit, {name: torch.from_numpy(column) for name, column in columns.items()})


def _style_free(material: Material, result: Refit, style: Beside) -> Head:
    geometry = result.geometry
    reward_N = (geometry.coordinates_NK.double() @ style.weight_K).cpu().numpy()
    return replace(
        result.head,
        **readings(reward_N),
        weights_D=geometry.lift(style.weight_K).float().cpu().numpy(),
        cuts=tuple(style.cuts_C.tolist()),
    )


def _lapses(material: Material, inputs: Inputs, problem: Problem, fit: Fit, temperature: float) -> list[Lapse]:
    left_out = leave_pair_out(influence(problem, fit, laplace_posterior(problem, fit)), inputs.pair_B)
    loss_B = left_out_loss(problem, fit, left_out, temperature)
    p_label_B = torch.where(problem.weight_B > 0, loss_B.neg().exp(), torch.nan)
    return lapses(_array(p_label_B), material.annotator_B, n_outcomes=_n_outcomes(inputs.outcomes))


def _n_outcomes(scale: Scale) -> int:
    """Return among how many rungs of the ladder a blind answer is drawn."""
    return scale.n_cuts + 1


def _helping(
    material: Material, problem: Problem, came: Circumstances, verdict_B: Integers, seed: int
) -> Helping | None:
    return is_helping(
        problem,
        learn_B=came.learn_B,
        audit_B=came.audit_B,
        pair_B=material.pair_B,
        verdict_B=verdict_B,
        prompt_B=material.prompt_B,
        seed=seed,
    )


def _flips(material: Material, result: Refit, came: Circumstances, verdict_B: Integers, seed: int) -> Flips | None:
    labels = verdict_B, material.pair_B, material.annotator_B
    return flip_rates(result.labels.p_pair_out_B, *labels, came.blind_B, seed=seed)


def _map(material: Material, came: Circumstances, verdict_B: Integers) -> DataMap | None:
    if len(came.history_K) < 2:
        return None
    touched_N, first_B, second_B = _touched(material)
    reward_NK = rewards_of_all(material.embedding_ND[touched_N], came.history_KD)
    return data_map(reward_NK, came.history_K, first_B, second_B, verdict_B)


def _touched(material: Material) -> tuple[Integers, Integers, Integers]:
    """Return the responses that have a label, and the ends of each label as places among them."""
    ends = np.stack([material.first_M[material.pair_B], material.second_M[material.pair_B]])
    touched_N, place = np.unique(ends, return_inverse=True)
    first_B, second_B = place.reshape(ends.shape)
    return touched_N, first_B, second_B


def _array(values: Tensor) -> Floats:
    array: Floats = values.double().cpu().numpy()
    return array
