"""Runs of the trainer: which work is due and who may do it. What a finished run leaves: services/publishing.py.

A run is claimed with a new fence and publishes under it, so a worker that was given up for dead can publish nothing.
The broker only carries "look at run 12"; every state is in the row, and a lost message heals on a later tick.
"""

import json
import traceback
from collections.abc import Iterable, Iterator
from datetime import timedelta
from hashlib import sha256
from math import log

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from annotate.models import Project, Pulse, Run, Snapshot
from annotate.selectors.watermark import Watermark, watermark

STALE_AFTER = timedelta(seconds=20)
MOST_ATTEMPTS = 3
FIRST_STUDY, STUDY_GROWTH = 50, 1.1  # comparisons; studies are costly, so each needs a tenth more
PARKED_FOR = timedelta(hours=1)  # what was wrong may have been put right: a full disk, a missing file


class FenceLost(Exception):
    """Another claim of this run is newer; stop and publish nothing."""


def due_runs() -> list[Run]:
    """Create the runs that are due and return every queued run that nobody has picked up: hand these to a worker."""
    _sweep()
    for project in Project.objects.training():
        _start_if_due(project)
    return list(Run.objects.filter(state=Run.State.QUEUED).order_by("heartbeat_at"))


def claim_run(run_id: int) -> Run | None:
    """Take a queued run with a new fence, or None where another worker has it or it is over."""
    claimed = Run.objects.filter(pk=run_id, state=Run.State.QUEUED).update(
        state=Run.State.RUNNING, fence=F("fence") + 1, attempt=F("attempt") + 1, heartbeat_at=Now()
    )
    return Run.objects.select_related("project").get(pk=run_id) if claimed else None


def beat_run(run: Run) -> None:
    """Show that the run is alive. Raises FenceLost if a newer claim has it."""
    _change_held(run, heartbeat_at=Now())


def report_progress(run: Run, *, done: int, total: int, before: int = 0) -> None:
    """Store how far the run is, with what was there `before`; a run that gets on has its attempts before it forgiven.

    Raises FenceLost if a newer claim has it.
    """
    run.done, run.attempt = before + done, 1 if done else run.attempt
    _change_held(run, heartbeat_at=Now(), done=run.done, total=before + total, attempt=run.attempt)


def finish_run(run: Run, *, covers: str) -> None:
    """Mark the run done, and what it covers by now. Raises FenceLost if a newer claim has it."""
    _change_held(run, state=Run.State.DONE, finished_at=Now(), error="", watermark=covers)


def give_way(run: Run) -> bool:
    """Put the run back behind the runs that wait; False where none waits. Raises FenceLost as `put_back` does."""
    waits = Run.objects.filter(state=Run.State.QUEUED).exists()
    if waits:
        put_back(run)
    return waits


def put_back(run: Run) -> None:
    """Give the run up without a failure, to be taken up where it stopped. Raises FenceLost if a newer claim has it."""
    _change_held(run, state=Run.State.QUEUED, attempt=F("attempt") - 1, heartbeat_at=Now())


@transaction.atomic
def send_back_to_embedding(run: Run) -> None:
    """Finish a fit that found responses without a vector: their embedding is due again, and after it the fit."""
    finish_run(run, covers="")
    embedded = Run.objects.filter(project=run.project, kind=Run.Kind.EMBED, state=Run.State.DONE)
    Run.objects.filter(pk__in=embedded.order_by("-id").values("pk")[:1]).update(watermark="")


def fail_run(run: Run, error: BaseException) -> None:
    """Put the run back for another attempt, or park it with its error after the third."""
    text = "".join(traceback.format_exception_only(error)).strip()[:2000]
    state = Run.State.PARKED if run.attempt >= MOST_ATTEMPTS else Run.State.QUEUED
    _held(run).update(state=state, error=text, heartbeat_at=Now(), finished_at=Now())


def record_pulse(process: Pulse.Process) -> None:
    """Store that a background process is alive now."""
    Pulse.objects.update_or_create(process=process, defaults={"beat_at": Now()})


def fit_config(project: Project) -> dict[str, object]:
    """Return the settings that a snapshot depends on; changing one makes a new snapshot due."""
    names = ("outcomes", "strategy", "seed", "config_version", "encoder", "encoder_key")
    return {name: getattr(project, name) for name in names}


def fit_mark(project: Project, mark: Watermark) -> str:
    """Return what names a fit: the rows it saw and the settings it used."""
    return f"{mark} {config_digest(project)[:8]}"


def config_digest(project: Project) -> str:
    return sha256(json.dumps(fit_config(project), sort_keys=True).encode()).hexdigest()


def study_mark(project: Project, mark: Watermark) -> str:
    """Return what names a study: by how many tenths the comparisons have grown, and the settings it depends on."""
    growth = int(log(mark.n_comparisons) / log(STUDY_GROWTH))
    return f"study {growth} {config_digest(project)[:8]} style {int(project.style_effects)}"


def reembed_mark(project: Project, mark: Watermark) -> str:
    """Return what names an attempt to change the encoder: the texts there are and the settings that were chosen."""
    chosen = json.dumps(project.next_encoder, sort_keys=True)
    return f"r{mark.n_responses} {sha256(chosen.encode()).hexdigest()[:8]}"


def _start_if_due(project: Project) -> None:
    """Start what has not covered the project's rows. A study or a change of the encoder goes on beside everything else.

    A study would never have its turn if it waited for a moment without a verdict to learn.
    """
    mark = watermark(project)
    if mark.n_pairs and _rested(project):
        _start_first_due(project, _steps(project, mark))
        if mark.n_comparisons >= FIRST_STUDY and Snapshot.objects.filter(project=project).exists():
            _start_first_due(project, [(Run.Kind.STUDY, study_mark(project, mark))])
    if project.next_encoder is not None:
        _start_first_due(project, [(Run.Kind.REEMBED, reembed_mark(project, mark))])


def _start_first_due(project: Project, steps: Iterable[tuple[Run.Kind, str]]) -> None:
    """Start the first step that is due; one at work or parked holds up the later ones."""
    for kind, covers in steps:
        newest = Run.objects.filter(project=project, kind=kind).order_by("-id").first()
        if newest is None or _is_due(newest, covers):
            return _start(project, kind, covers)
        if newest.state != Run.State.DONE:
            return None
    return None


def _steps(project: Project, mark: Watermark) -> Iterator[tuple[Run.Kind, str]]:
    """Yield the steps in their order, each with what it has to cover."""
    yield Run.Kind.EMBED, f"r{mark.n_responses}"
    yield Run.Kind.FIT, fit_mark(project, mark)


def _is_due(newest: Run, covers: str) -> bool:
    """Say whether a step whose newest run this is has to be done again."""
    if newest.state == Run.State.PARKED and newest.watermark == covers:
        return Run.objects.filter(pk=newest.pk, finished_at__lt=Now() - PARKED_FOR).exists()
    return newest.state not in Run.ACTIVE and newest.watermark != covers


def _rested(project: Project) -> bool:
    rest = timedelta(seconds=project.seconds_between_trainings)
    return not Snapshot.objects.filter(project=project, created_at__gt=Now() - rest).exists()


def _start(project: Project, kind: Run.Kind, mark: str) -> None:
    try:
        with transaction.atomic():
            Run.objects.create(project=project, kind=kind, watermark=mark, created_at=Now(), heartbeat_at=Now())
    except IntegrityError:
        return  # another tick created it first: the constraint allows one active run


def _sweep() -> None:
    """Take back the runs whose worker has gone silent; park those that have failed too often."""
    silent = Run.objects.filter(state=Run.State.RUNNING, heartbeat_at__lt=Now() - STALE_AFTER)
    silent.filter(attempt__gte=MOST_ATTEMPTS).update(
        state=Run.State.PARKED, finished_at=Now(), error="The worker died each time. See the worker's log."
    )
    silent.filter(attempt__lt=MOST_ATTEMPTS).update(state=Run.State.QUEUED)


def _change_held(run: Run, **changes: object) -> None:
    if not _held(run).update(**changes):
        raise FenceLost(f"run {run.pk} was given to another worker")


def _held(run: Run) -> QuerySet[Run]:
    return Run.objects.filter(pk=run.pk, fence=run.fence, state=Run.State.RUNNING)
