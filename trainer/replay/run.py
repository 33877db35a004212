"""Replay a recording: every strategy with every seed on a stage of its own, scored on verdicts that no head saw."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import torch

from annotate.models import Project, User
from trainer.refit import Refit
from trainer.replay.library import Exam, Library, build_library
from trainer.replay.recording import Recording, Split
from trainer.replay.results import Finished, Point, Results
from trainer.replay.stage import Stage

PRECISION_AT = (50, 100, 200)


@dataclass(frozen=True)
class Plan:
    """How long each run is, and how often its head is refitted and scored. held_out: the share kept for scoring."""

    n_labels: int
    every: int
    held_out: float


def replay(
    recording: Recording, plan: Plan, strategies: list[str], seeds: range, results: Results
) -> Iterator[Finished]:
    """Do and keep the runs that are not there yet, seed by seed; yield each as it ends."""
    missing = [(name, seed) for seed in seeds for name in strategies if not results.has(name, seed)]
    if not missing:
        return
    admin = User.objects.create(username="replay", is_superuser=True)
    library = build_library(recording, admin)
    outcomes = Project.Outcomes.TIES if recording.has_ties else Project.Outcomes.BINARY
    with _one_thread():
        for strategy, seed in missing:
            split = recording.split(plan.held_out, seed)
            stage = Stage(library, split.asked, admin, strategy=strategy, outcomes=outcomes, seed=seed)
            results.keep(run_on(stage, _exams(library, split), plan))
            yield results.runs[-1]


def run_on(stage: Stage, exams: dict[str, Exam], plan: Plan) -> Finished:
    """Ask for up to so many verdicts, refit after every few, and score each head."""
    started, n_given = perf_counter(), 0
    result = stage.learn()
    points = [_point(0, result, exams)]
    while n_given < plan.n_labels and stage.ask():
        n_given += 1
        if n_given % plan.every == 0:
            result = stage.learn()
            points.append(_point(n_given, result, exams))
    if n_given % plan.every:
        result = stage.learn()
        points.append(_point(n_given, result, exams))
    precision = stage.precision(result, *PRECISION_AT)
    stage.close()
    return Finished(stage.project.strategy, stage.project.seed, points, precision, perf_counter() - started)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute in one thread: the products are small, and several that wait for each other on a busy machine take
    three times as long. It also makes results independent of the number of cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _exams(library: Library, split: Split) -> dict[str, Exam]:
    return {"pairs": library.exam(split.held_out_pairs), "prompts": library.exam(split.held_out_prompts)}


def _point(n_labels: int, result: Refit, exams: dict[str, Exam]) -> Point:
    scored = {name: exam.score(result) for name, exam in exams.items()}
    scores = {
        name: {"n": one.n, "accuracy": one.accuracy, "nll": one.nll, "ece": one.ece}
        for name, one in scored.items()
        if one
    }
    return Point(n_labels, scores, result.head.temperature, result.head.prior_precision)
