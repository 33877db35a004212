"""The loop at a glance: the numbers of one project's overview, its status endpoint and `manage.py status`."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from annotate.models import Comparison, Pair, Project, QueuedPair, Run, Snapshot
from annotate.selectors.agreement import Ceiling, Score, audit_score, ceiling, left_out_score
from annotate.selectors.alarms import Alarm, alarms
from annotate.selectors.encoders import EncoderChange, encoder_change
from annotate.selectors.flags import n_open_flags
from annotate.selectors.liveness import training_paused_since


@dataclass(frozen=True)
class Overview:
    """Every number with what it counts; None where there is nothing to report yet."""

    n_comparisons: int
    n_pairs: int
    n_open_pairs: int
    n_queued: int
    n_open_flags: int
    snapshot: Snapshot | None
    seconds_behind: float | None
    audit: Score | None
    left_out: Score | None
    ceiling: Ceiling | None
    work: Run | None
    parked: Run | None
    encoder_change: EncoderChange | None
    training_paused_since: datetime | None
    released: Snapshot | None
    alarms: tuple[Alarm, ...]


def overview(project: Project) -> Overview:
    """Read the overview in a constant number of queries."""
    snapshot = live_snapshot(project)
    runs = Run.objects.filter(project=project).exclude(kind=Run.Kind.REEMBED)
    newest = runs.order_by("-id").first()
    newest_step = newest if newest and newest.kind != Run.Kind.STUDY else _newest_step(runs)
    released = Snapshot.objects.filter(project=project).released().light().first()
    return Overview(
        n_comparisons=Comparison.objects.live().filter(project=project).count(),
        n_pairs=Pair.objects.filter(project=project).count(),
        n_open_pairs=Pair.objects.assignable().filter(project=project).count(),
        n_queued=QueuedPair.objects.filter(project=project, pair__in=Pair.objects.assignable()).count(),
        n_open_flags=n_open_flags(project),
        snapshot=snapshot,
        seconds_behind=snapshot.seconds_behind if snapshot else None,
        audit=audit_score(snapshot),
        left_out=left_out_score(snapshot),
        ceiling=ceiling(snapshot),
        work=newest if newest and newest.state in Run.ACTIVE else None,
        parked=newest_step if newest_step and newest_step.state == Run.State.PARKED else None,
        encoder_change=encoder_change(project),
        training_paused_since=training_paused_since(),
        released=released,
        alarms=alarms(project, snapshot),
    )


def _newest_step(runs: QuerySet[Run]) -> Run | None:
    """Return the newest run that verdicts wait for."""
    return runs.exclude(kind=Run.Kind.STUDY).order_by("-id").first()


def live_snapshot(project: Project) -> Snapshot | None:
    """Return the newest snapshot without its weights, or None before the first."""
    return Snapshot.objects.filter(project=project).light().order_by("-number").first()
