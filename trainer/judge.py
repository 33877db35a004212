"""What the head would have said without each label, and the numbers that follow: a report and metrics."""

from dataclasses import dataclass
from math import log
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

from trainer.disagreement import Badge, Evidence, badges
from trainer.fit import Fit
from trainer.honesty import (
    Score,
    calibration_error_by_luck,
    correctness,
    luck_groups,
    noise_ceiling,
    raw_agreement,
    score,
)
from trainer.influences import Moved, influences
from trainer.inputs import Inputs
from trainer.likelihood import decisive_probability, tie_edge, tie_probability
from trainer.material import Material
from trainer.outcomes import Outcome
from trainer.posterior import Influence, LeftOut, Posterior, influence, leave_one_out, leave_pair_out, sharpness
from trainer.problem import Problem
from trainer.sequential import anytime_interval
from trainer.tune import fit_temperature, left_out_loss

MOST_EXPLAINED = 50  # labels for which it is found which others moved them

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Metrics = dict[str, float | int | None]


@dataclass(frozen=True)
class LabelReport:
    """What the head would have said of each label had it not seen it.

    p_first_B: P(first | decisive), moderated, without the label. surprise_B: -log P(label), nats; NaN for labels that
    weigh nothing. p_pair_out_B: as p_first_B, without any label of the pair. p_read_B: the same as those read it who
    have the head alone: sigma of the margin times metrics["sharpness"]. moved: what moved the most surprising labels.
    """

    p_first_B: Floats
    surprise_B: Floats
    badge_B: list[Badge]
    p_pair_out_B: Floats
    p_read_B: Floats
    moved: dict[int, list[Moved]]


@dataclass(frozen=True)
class Judgement:
    temperature: float
    report: LabelReport
    metrics: Metrics


def judge(
    material: Material, inputs: Inputs, problem: Problem, fit: Fit, posterior: Posterior, *, seed: int
) -> Judgement:
    """Judge the fit by labels left out, and the heads before it by what they said when audit pairs were first shown."""
    labels = influence(problem, fit, posterior)
    without_pair = leave_pair_out(labels, inputs.pair_B)
    temperature = fit_temperature(problem, fit, without_pair, inputs.tuning_B)
    sharp = _typical_sharpness(problem, without_pair, inputs.tuning_B, temperature)
    p_first_B = _array(_p_first(without_pair, fit, temperature))
    p_read_B = _array(decisive_probability(sharp * without_pair.margin_B, sharp * tie_edge(fit.point.cuts_C)))
    alone = _alone(material, problem, fit, labels, temperature)
    moved = _moved(problem, posterior, labels, alone.surprise_B)
    report = LabelReport(*alone, p_first_B, p_read_B, moved)
    loss_B = left_out_loss(problem, fit, without_pair, temperature)
    metrics: Metrics = {
        "n": int((problem.weight_B > 0).sum()),
        "loss": fit.mean_loss if len(material.pair_B) else None,
        "loo_loss": _known((problem.weight_B @ loss_B / problem.weight_B.sum()).item()),
        **_numbers("loo", _score_of(material, p_first_B, _counted(problem), seed)),
        **_numbers("audit", _score_of(material, material.p_first_shown_B, _counted(problem), seed)),
        **_audit_at_any_time(material, _counted(problem), seed),
        **_agreement(material, _counted(problem)),
        "tuning_n": int((inputs.tuning_B & (problem.weight_B > 0)).sum()),
        "temperature": temperature,
        "sharpness": sharp,
        "prior_precision": fit.prior_precision,
    }
    return Judgement(temperature, report, metrics)


class Alone(NamedTuple):
    """Each label left out alone, in the order of LabelReport."""

    p_first_B: Floats
    surprise_B: Floats
    badge_B: list[Badge]


def _alone(material: Material, problem: Problem, fit: Fit, labels: Influence, temperature: float) -> Alone:
    alone = leave_one_out(labels)
    surprise_B = left_out_loss(problem, fit, alone, temperature)
    surprise = np.where(_counted(problem), _array(surprise_B), np.nan)
    p_tie = _array(tie_probability(*_sharpened(alone, fit, temperature)))
    evidence = _evidence(material, labels, np.exp(-surprise), p_tie)
    return Alone(_array(_p_first(alone, fit, temperature)), surprise, badges(evidence))


def _moved(problem: Problem, posterior: Posterior, labels: Influence, surprise_B: Floats) -> dict[int, list[Moved]]:
    """Explain the most surprising labels."""
    known = np.flatnonzero(surprise_B > log(2))
    targets = known[np.argsort(-surprise_B[known], kind="stable")[:MOST_EXPLAINED]]
    return dict(zip(targets.tolist(), influences(problem, posterior, labels, targets), strict=True))


def _typical_sharpness(problem: Problem, left_out: LeftOut, tuning_B: Tensor, temperature: float) -> float:
    """Return the mean of kappa T over labels on pairs that no model chose, over all labels where there are none."""
    counted_B = problem.weight_B > 0
    some_B = tuning_B & counted_B if bool((tuning_B & counted_B).any()) else counted_B
    sharp_B = sharpness(left_out.variance_B[some_B], temperature)
    return sharp_B.mean().item() if len(sharp_B) else temperature


def _audit_at_any_time(material: Material, counted_B: Flags, seed: int) -> Metrics:
    """Return the interval of audit accuracy that may be read after every label, and the ECE that luck would give."""
    verdict_B, p_first_B = _verdicts(material), material.p_first_shown_B
    some = counted_B & (verdict_B != 0) & np.isfinite(p_first_B)
    low, high = anytime_interval(correctness(p_first_B[some], verdict_B[some] > 0))
    luck = calibration_error_by_luck(p_first_B[some], seed=seed) if some.any() else np.nan
    return {"audit_anytime_low": low, "audit_anytime_high": high, "audit_ece_by_luck": _known(luck)}


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


def _score_of(material: Material, p_first_B: Floats, counted_B: Flags, seed: int) -> Score:
    """Score the decisive labels that have a prediction."""
    verdict_B = _verdicts(material)
    some = counted_B & (verdict_B != 0) & np.isfinite(p_first_B)
    groups = luck_groups(material.prompt_B[some], material.pair_B[some])
    return score(p_first_B[some], verdict_B[some] > 0, groups, seed=seed)


def _agreement(material: Material, counted_B: Flags) -> Metrics:
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


def _counted(problem: Problem) -> Flags:
    counted: Flags = (problem.weight_B > 0).cpu().numpy()
    return counted


def _array(values: Tensor) -> Floats:
    array: Floats = values.double().cpu().numpy()
    return array


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
