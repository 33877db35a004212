"""What the head would have said without each label, and the numbers that follow: a report and metrics."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from trainer.disagreement import Badge, Evidence, badges
from trainer.fit import Fit
from trainer.honesty import Score, noise_ceiling, raw_agreement, score
from trainer.inputs import Inputs
from trainer.likelihood import decisive_probability, tie_edge, tie_probability
from trainer.material import Material
from trainer.outcomes import Outcome
from trainer.posterior import Influence, LeftOut, Posterior, influence, leave_one_out, leave_pair_out, sharpness
from trainer.problem import Problem
from trainer.tune import fit_temperature, left_out_loss

MIN_GROUPS = 5  # with fewer prompts than this, labels are grouped by pair

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Metrics = dict[str, float | int | None]


@dataclass(frozen=True)
class LabelReport:
    """What the head would have said of each label without it: moderated, leave-one-out.

    p_first_B: of a decisive verdict. surprise_B: -log P(label), nats; NaN for labels that weigh nothing.
    """

    p_first_B: Floats
    surprise_B: Floats
    badge_B: list[Badge]


@dataclass(frozen=True)
class Judgement:
    temperature: float
    report: LabelReport
    metrics: Metrics


def judge(
    material: Material, inputs: Inputs, problem: Problem, fit: Fit, posterior: Posterior, *, seed: int
) -> Judgement:
    """Judge the fit by labels left out, and the heads before it by what they said when audit pairs were shown."""
    labels = influence(problem, fit, posterior)
    without_pair = leave_pair_out(labels, inputs.pair_B)
    temperature = fit_temperature(problem, fit, without_pair, inputs.tuning_B)
    report = _report(material, problem, fit, labels, temperature)
    p_first_B = _array(_p_first(without_pair, fit, temperature))
    loss_B = left_out_loss(problem, fit, without_pair, temperature)
    metrics: Metrics = {
        "n": int((problem.weight_B > 0).sum()),
        "loss": fit.mean_loss if len(material.pair_B) else None,
        "loo_loss": _known((problem.weight_B @ loss_B / problem.weight_B.sum()).item()),
        **_numbers("loo", _score_of(material, p_first_B, _counted(problem), seed)),
        **_numbers("audit", _score_of(material, material.p_first_shown_B, _counted(problem), seed)),
        **_agreement(material, _counted(problem)),
        "temperature": temperature,
        "prior_precision": fit.prior_precision,
    }
    return Judgement(temperature, report, metrics)


def _report(material: Material, problem: Problem, fit: Fit, labels: Influence, temperature: float) -> LabelReport:
    alone = leave_one_out(labels)
    surprise_B = left_out_loss(problem, fit, alone, temperature)
    surprise = np.where(_counted(problem), _array(surprise_B), np.nan)
    p_tie = _array(tie_probability(*_sharpened(alone, fit, temperature)))
    evidence = _evidence(material, labels, np.exp(-surprise), p_tie)
    return LabelReport(_array(_p_first(alone, fit, temperature)), surprise, badges(evidence))


def _evidence(material: Material, labels: Influence, p_label_B: Floats, p_tie_B: Floats) -> Evidence:
    return Evidence(
        p_label_B=p_label_B,
        p_tie_B=p_tie_B,
        verdict_B=_verdicts(material),
        pair_B=material.pair_B,
        annotator_B=material.annotator_B,
        first_B=material.first_M[material.pair_B],
        second_B=material.second_M[material.pair_B],
        residual_B=-_array(labels.rho_B),
        curvature_B=_array(labels.v_B),
        leverage_B=_array(labels.leverage_B * labels.v_B),
    )


def _score_of(material: Material, p_first_B: Floats, counted_B: npt.NDArray[np.bool_], seed: int) -> Score:
    """Score the decisive labels that have a prediction."""
    verdict_B = _verdicts(material)
    some = counted_B & (verdict_B != 0) & np.isfinite(p_first_B)
    return score(p_first_B[some], verdict_B[some] > 0, _groups(material)[some], seed=seed)


def _groups(material: Material) -> Integers:
    prompt_B = material.prompt_N[material.first_M[material.pair_B]]
    return prompt_B if len(np.unique(prompt_B)) >= MIN_GROUPS else material.pair_B


def _agreement(material: Material, counted_B: npt.NDArray[np.bool_]) -> Metrics:
    """Return how often two people agreed on randomly chosen pairs, and the accuracy that leaves to a perfect head."""
    verdict_B = _verdicts(material)
    some = counted_B & material.tuning_B & (verdict_B != 0)
    agreement, n = raw_agreement(material.pair_B[some], material.annotator_B[some], verdict_B[some] > 0)
    low, high = noise_ceiling(agreement)
    return {
        "people_n": n,
        "people_agreement": _known(agreement),
        "ceiling_low": _known(low),
        "ceiling_high": _known(high),
    }


def _numbers(name: str, scored: Score) -> Metrics:
    low, high = scored.accuracy_interval
    nll_low, nll_high = scored.nll_interval
    return {
        f"{name}_n": scored.n,
        f"{name}_accuracy": _known(scored.accuracy),
        f"{name}_accuracy_low": _known(low),
        f"{name}_accuracy_high": _known(high),
        f"{name}_nll": _known(scored.nll),
        f"{name}_nll_low": _known(nll_low),
        f"{name}_nll_high": _known(nll_high),
        f"{name}_brier": _known(scored.brier),
        f"{name}_ece": _known(scored.ece),
    }


def _p_first(left_out: LeftOut, fit: Fit, temperature: float) -> Tensor:
    return decisive_probability(*_sharpened(left_out, fit, temperature))


def _sharpened(left_out: LeftOut, fit: Fit, temperature: float) -> tuple[Tensor, Tensor]:
    sharp_B = sharpness(left_out.variance_B, temperature)
    return sharp_B * left_out.margin_B, sharp_B * tie_edge(fit.point.cuts_C)


def _verdicts(material: Material) -> Integers:
    outcome_B = material.outcome_B
    return np.select([outcome_B == Outcome.FIRST, outcome_B == Outcome.SECOND], [1, -1], 0).astype(np.int64)


def _counted(problem: Problem) -> npt.NDArray[np.bool_]:
    counted: npt.NDArray[np.bool_] = (problem.weight_B > 0).cpu().numpy()
    return counted


def _array(values: Tensor) -> Floats:
    array: Floats = values.double().cpu().numpy()
    return array


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
