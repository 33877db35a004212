"""Runs of the trainer: which work is due, who may do it, and publishing its result exactly once.

A run is claimed with a new fence and publishes under it, so a worker that was given up for dead can publish nothing.
The broker only carries "look at run 12"; every state is in the row, and a lost message heals on a later tick.
"""

import json
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import F, Max, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from annotate.models import Comparison, Disagreement, Project, Pulse, QueuedPair, Run, Snapshot
from annotate.selectors.watermark import Watermark, watermark

STALE_AFTER = timedelta(seconds=20)
MOST_ATTEMPTS = 3
PARKED_FOR = timedelta(hours=1)  # what was wrong may have been put right: a full disk, a missing file


class FenceLost(Exception):
    """Another claim of this run is newer; stop and publish nothing."""


@dataclass(frozen=True)
class SnapshotContent:
    """Everything a snapshot stores, as the trainer computed it."""

    watermark: str
    config_digest: str
    encoder_key: str
    n_comparisons: int
    last_comparison: int
    weights: bytes
    digest: str
    config: dict[str, object]
    metrics: dict[str, object]
    seconds: float
    device: str


@dataclass(frozen=True)
class Queued:
    """One entry of the queue: a learn pair with its information, or an audit pair with none."""

    pair_id: int
    p_first: float
    information: float | None = None
    propensity: float | None = None


@dataclass(frozen=True)
class Surprising:
    """One comparison and what the head fitted without it expected."""

    comparison_id: int
    p_left_out: float
    surprise: float
    badge: str = ""


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


def report_progress(run: Run, *, done: int, total: int) -> None:
    """Store how far the run is; a run that gets on has its attempts before it forgiven. Raises FenceLost."""
    run.attempt = 1 if done else run.attempt
    _change_held(run, heartbeat_at=Now(), done=done, total=total, attempt=run.attempt)


def finish_run(run: Run, *, covers: str) -> None:
    """Mark the run done, and what it covers by now. Raises FenceLost if a newer claim has it."""
    _change_held(run, state=Run.State.DONE, finished_at=Now(), error="", watermark=covers)


def give_way(run: Run) -> bool:
    """Put the run back behind the runs that wait, to be taken up where it stopped; False where none waits.

    Raises FenceLost if a newer claim has it.
    """
    if not Run.objects.filter(state=Run.State.QUEUED).exists():
        return False
    _change_held(run, state=Run.State.QUEUED, attempt=F("attempt") - 1, heartbeat_at=Now())
    return True


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


@transaction.atomic
def publish_snapshot(
    run: Run, content: SnapshotContent, *, queue: Iterable[Queued], disagreements: Iterable[Surprising]
) -> Snapshot:
    """Store a complete snapshot with its queue and disagreements and finish the run, all in one transaction.

    A snapshot of these rows and settings that is there already stays the only one. Raises FenceLost, with nothing
    stored, if a newer claim has the run.
    """
    finish_run(run, covers=content.watermark)
    project = run.project
    alike = {"project": project, "watermark": content.watermark, "config_digest": content.config_digest}
    if stored := Snapshot.objects.filter(**alike).first():
        return stored
    previous = Snapshot.objects.filter(project=project).aggregate(last=Max("number"))["last"] or 0
    snapshot = Snapshot.objects.create(
        project=project,
        number=previous + 1,
        parent=Snapshot.objects.filter(project=project, number=previous).first(),
        seconds_behind=_seconds_behind(project, content.last_comparison),
        **{name: value for name, value in vars(content).items() if name != "last_comparison"},
    )
    _replace_queue(snapshot, queue)
    _replace_disagreements(snapshot, disagreements)
    return snapshot


def record_pulse(process: Pulse.Process) -> None:
    """Store that a background process is alive now."""
    Pulse.objects.update_or_create(process=process, defaults={"beat_at": Now()})


def fit_config(project: Project) -> dict[str, object]:
    """Return the settings that a snapshot depends on; changing one makes a new snapshot due."""
    return {name: getattr(project, name) for name in ("outcomes", "strategy", "seed", "config_version")}


def fit_mark(project: Project, mark: Watermark) -> str:
    """Return what names a fit: the rows it saw and the settings it used."""
    return f"{mark} {config_digest(project)[:8]}"


def config_digest(project: Project) -> str:
    return sha256(json.dumps(fit_config(project), sort_keys=True).encode()).hexdigest()


def _start_if_due(project: Project) -> None:
    """Start the first step that has not covered the project's rows; one at work or parked holds up the later ones."""
    mark = watermark(project)
    if not mark.n_pairs or not _rested(project):
        return None
    for kind, covers in ((Run.Kind.EMBED, f"r{mark.n_responses}"), (Run.Kind.FIT, fit_mark(project, mark))):
        newest = Run.objects.filter(project=project, kind=kind).order_by("-id").first()
        if newest is None or _is_due(newest, covers):
            return _start(project, kind, covers)
        if newest.state != Run.State.DONE:
            return None
    return None


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


def _seconds_behind(project: Project, last_comparison: int) -> float | None:
    """Return the age of the newest comparison that the snapshot saw, at the moment it goes live."""
    newest = Comparison.objects.filter(project=project, pk=last_comparison).first()
    return (timezone.now() - newest.created_at).total_seconds() if newest else None


def _replace_queue(snapshot: Snapshot, queue: Iterable[Queued]) -> None:
    QueuedPair.objects.filter(project=snapshot.project).delete()
    QueuedPair.objects.bulk_create(
        QueuedPair(project=snapshot.project, snapshot=snapshot, position=position, **vars(entry))
        for position, entry in enumerate(queue)
    )


def _replace_disagreements(snapshot: Snapshot, disagreements: Iterable[Surprising]) -> None:
    Disagreement.objects.filter(project=snapshot.project).delete()
    Disagreement.objects.bulk_create(
        Disagreement(project=snapshot.project, snapshot=snapshot, **vars(entry)) for entry in disagreements
    )


def _change_held(run: Run, **changes: object) -> None:
    if not _held(run).update(**changes):
        raise FenceLost(f"run {run.pk} was given to another worker")


def _held(run: Run) -> QuerySet[Run]:
    return Run.objects.filter(pk=run.pk, fence=run.fence, state=Run.State.RUNNING)
