"""How well the trainer finds again what a simulation knows: each number it reports, against the truth, many times."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from trainer.annotators import lapses
from trainer.beside import fit_beside
from trainer.fit import Fit, Objective, fit_head
from trainer.honesty import Z95, Interval, clustered_interval
from trainer.posterior import influence, laplace_posterior, leave_pair_out, posterior_over
from trainer.problem import Problem
from trainer.sequential import anytime_interval
from trainer.simulate import Labels, Setting, World, collect, make_world, problem_of
from trainer.tune import left_out_loss

LOOK_EVERY = 20  # audit labels between two looks at the interval that may be looked at
BAND = (0.93, 0.98)  # what share of truths a 95 % interval must cover: 93 to 97 % is aimed at
AT_LEAST = (0.93, 1.0)  # one that holds at every look at once may cover more
SETTINGS = {
    "plain": Setting(),
    "wide": Setting(size=256),  # so many directions that a verdict is half learnt by heart
    "ties": Setting(tie_edge=0.5),
    "position": Setting(position=0.3),
    "real": Setting(tie_edge=0.5, position=0.3, lapsing=True),
}


@dataclass(frozen=True)
class Finding:
    """What the trainer said of one thing that is known: the truth, the estimate, and the share of truths it covered.

    band: the share it must cover over many runs; None where nothing is promised, because the model is not the truth.
    """

    name: str
    truth: float
    estimate: float
    covered: float
    band: Interval | None

    @property
    def as_promised(self) -> bool:
        return self.band is None or _within(self.covered, self.band)


def recover(setting: Setting, *, n_runs: int, seed: int) -> list[Finding]:
    """Simulate a setting `n_runs` times; return the mean of each finding."""
    findings: dict[str, list[Finding]] = defaultdict(list)
    for run in range(n_runs):
        rng = np.random.default_rng([seed, run])
        world = make_world(setting, rng)
        for finding in study(world, collect(world, rng)):
            findings[finding.name].append(finding)
    return [_mean(found) for found in findings.values()]


def _mean(found: list[Finding]) -> Finding:
    truth, estimate, covered = np.mean([(one.truth, one.estimate, one.covered) for one in found], axis=0)
    return replace(found[0], truth=float(truth), estimate=float(estimate), covered=float(covered))


def study(world: World, labels: Labels) -> list[Finding]:
    """Fit the final head and compare everything the trainer says with the truth."""
    problem = problem_of(world, labels)
    fit = fit_head(problem, 1.0)
    return [
        *_of_accuracy(world, labels),
        *_of_margins(world, problem, fit),
        *_of_ties(world, problem, fit),
        *_of_position(world, problem, fit, labels),
        *_of_lapses(world, problem, fit, labels),
    ]


def _of_accuracy(world: World, labels: Labels) -> Iterator[Finding]:
    """Score first verdicts, as a project does; show beside them what second ones would make of the accuracy."""
    known_B, first_B = np.isfinite(labels.right_B + labels.accuracy_B), np.zeros(len(labels.pair_B), bool)
    first_B[np.unique(labels.pair_B, return_index=True)[1]] = True
    yield _accuracy("audit accuracy", world, labels, known_B & first_B, BAND)
    right_B, truth_B = labels.right_B[known_B & first_B], labels.accuracy_B[known_B & first_B]
    looks = range(LOOK_EVERY, len(right_B) + 1, LOOK_EVERY)
    held = [_within(float(truth_B[:n].mean()), anytime_interval(right_B[:n])) for n in looks]
    yield Finding(
        "audit accuracy at every look", float(truth_B.mean()), float(right_B.mean()), float(all(held)), AT_LEAST
    )
    if (known_B & ~first_B).any():
        yield _accuracy("accuracy by second verdicts", world, labels, known_B & ~first_B, None)


def _accuracy(
    name: str, world: World, labels: Labels, scored_B: npt.NDArray[np.bool_], band: Interval | None
) -> Finding:
    right, truth = labels.right_B[scored_B], labels.accuracy_B[scored_B]
    interval = clustered_interval(right, world.prompt_M[labels.pair_B[scored_B]])
    return _finding(name, float(truth.mean()), float(right.mean()), interval, band)


def _of_margins(world: World, problem: Problem, fit: Fit) -> Iterator[Finding]:
    posterior = posterior_over(
        world.geometry.coordinates_NK, fit.point.weight_K, laplace_posterior(problem, fit).factor_KK
    )
    ends = torch.from_numpy(world.first_M), torch.from_numpy(world.second_M)
    margin_M, deviation_M = posterior.margins(*ends).numpy(), posterior.variances(*ends).sqrt().numpy()
    covered = np.abs(margin_M - world.margin_M) <= Z95 * deviation_M
    slope = float(margin_M @ world.margin_M / (world.margin_M @ world.margin_M))
    yield Finding("margins", 1.0, slope, float(covered.mean()), _band(world))


def _of_ties(world: World, problem: Problem, fit: Fit) -> Iterator[Finding]:
    if not world.setting.tie_edge:
        return
    hessian = Objective(problem, fit.prior_precision).hessian(fit.point)
    half = Z95 * torch.linalg.inv(hessian)[-1, -1].sqrt().item()
    log_edge = fit.point.log_step.item()
    interval = (float(np.exp(log_edge - half)), float(np.exp(log_edge + half)))
    yield _finding("tie edge", world.setting.tie_edge, float(np.exp(log_edge)), interval, _band(world))


def _of_position(world: World, problem: Problem, fit: Fit, labels: Labels) -> Iterator[Finding]:
    effect = fit_beside(problem, fit, {"position": torch.from_numpy(labels.side_B)}).effects["position"]
    band = None if world.setting.lapsing else BAND  # a lapse leans nowhere, so the lean of all labels is smaller
    yield _finding("position", world.setting.position, effect.coefficient, effect.interval, band)


def _of_lapses(world: World, problem: Problem, fit: Fit, labels: Labels) -> Iterator[Finding]:
    if not world.setting.lapsing:
        return
    left_out = leave_pair_out(influence(problem, fit, laplace_posterior(problem, fit)), torch.from_numpy(labels.pair_B))
    p_label_B = left_out_loss(problem, fit, left_out).neg().exp().numpy()
    for lapse in lapses(p_label_B, labels.annotator_B, 3 if world.setting.tie_edge else 2):
        yield _finding("lapse rates", float(world.lapse_A[lapse.annotator]), lapse.rate, lapse.interval, None)


def _band(world: World) -> Interval | None:
    """Promise the head's own intervals only where its likelihood is the truth: it knows neither lapses nor sides."""
    return None if world.setting.lapsing or world.setting.position else BAND


def _finding(name: str, truth: float, estimate: float, interval: Interval, band: Interval | None) -> Finding:
    return Finding(name, truth, estimate, float(_within(truth, interval)), band)


def _within(truth: float, interval: Interval) -> bool:
    return interval[0] <= truth <= interval[1]
