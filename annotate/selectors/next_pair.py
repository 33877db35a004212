"""Which pair an annotator could be lent next, best first. Reading only: services.assigning takes the slot."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from annotate.models import Assignment, Comparison, Pair, Project, QueuedPair, Stream, User

CANDIDATES = 8
REPEAT_AFTER_PAIRS = 50
REPEAT_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Candidate:
    """A pair that may be lent, and what the live head thought of it when it was queued."""

    pair_id: int
    stream: Stream
    round: int = 0
    p_first: float | None = None
    snapshot_id: int | None = None
    propensity: float | None = None
    first_on_left: bool | None = None


def candidates(project: Project, annotator: User, *, streams: tuple[Stream, ...]) -> Iterator[Candidate]:
    """Yield pairs for `annotator`, the streams in the order asked for, then any open pair: never a dead end."""
    sources = {Stream.LEARN: _queued, Stream.AUDIT: _audit, Stream.REPEAT: _repeats}
    for stream in streams:
        yield from sources[stream](project, annotator)
    yield from _any_open(project, annotator)


def _queued(project: Project, annotator: User) -> Iterator[Candidate]:
    queue = QueuedPair.objects.filter(
        not_seen_by(annotator, "pair_id"),
        project=project,
        pair__audit=False,
        pair__open=True,
        pair__slots_taken__lt=F("pair__overlap"),
    )
    for row in queue.order_by("position")[:CANDIDATES]:
        yield Candidate(
            row.pair_id,
            Stream.LEARN,
            p_first=row.p_first,
            snapshot_id=row.snapshot_id,
            propensity=row.propensity,
        )


def _audit(project: Project, annotator: User) -> Iterator[Candidate]:
    pairs = _assignable(project, annotator).filter(audit=True).select_related("queued")
    for pair in pairs.order_by("shuffle")[:CANDIDATES]:
        queued = getattr(pair, "queued", None)
        yield Candidate(
            pair.pk,
            Stream.AUDIT,
            p_first=queued.p_first if queued else None,
            snapshot_id=queued.snapshot_id if queued else None,
            propensity=project.audit_share,
        )


def _repeats(project: Project, annotator: User) -> Iterator[Candidate]:
    """Yield own comparisons that are old enough to ask again, the oldest first, sides swapped."""
    judged = Assignment.objects.filter(
        project=project, annotator=annotator, round=0, closed_as=Assignment.ClosedAs.COMPARED, pair__open=True
    ).exclude(stream=Stream.IMPORT)
    times = judged.order_by("-closed_at").values_list("closed_at", flat=True)
    old_enough = Q(closed_at__lt=Now() - REPEAT_AFTER)
    for boundary in times[REPEAT_AFTER_PAIRS : REPEAT_AFTER_PAIRS + 1]:
        old_enough |= Q(closed_at__lte=boundary)
    repeated = Assignment.objects.filter(pair_id=OuterRef("pair_id"), annotator=annotator, round=1)
    for first_look in judged.filter(old_enough, ~Exists(repeated)).order_by("closed_at")[:CANDIDATES]:
        yield Candidate(first_look.pair_id, Stream.REPEAT, round=1, first_on_left=not first_look.first_on_left)


def _any_open(project: Project, annotator: User) -> Iterator[Candidate]:
    for audit, stream in ((False, Stream.LEARN), (True, Stream.AUDIT)):
        pairs = _assignable(project, annotator).filter(audit=audit).order_by("shuffle")
        for pair_id in pairs.values_list("pk", flat=True)[:CANDIDATES]:
            yield Candidate(pair_id, stream)


def _assignable(project: Project, annotator: User) -> QuerySet[Pair]:
    return Pair.objects.assignable().filter(not_seen_by(annotator, "pk"), project=project)


def not_seen_by(annotator: User, pair_field: str) -> Q:
    """Return the condition that the annotator has not judged, skipped or now holds the pair."""
    seen = Assignment.objects.filter(pair_id=OuterRef(pair_field), annotator=annotator, round=0)
    finished = [Assignment.ClosedAs.COMPARED, Assignment.ClosedAs.SKIPPED]
    return Q(~Exists(seen.filter(Q(closed_at=None) | Q(closed_as__in=finished))))


def repeats_have_begun(project: Project) -> bool:
    """Say whether the project has the comparisons after which repeats are worth their cost."""
    after = Comparison.objects.filter(project=project).order_by("id")[project.repeat_after : project.repeat_after + 1]
    return after.exists()
