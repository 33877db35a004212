"""Which pair an annotator could be lent next, best first. Reading only: services.assigning takes the slot."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from annotate.models import Assignment, Comparison, Pair, Project, QueuedPair, Stream, User

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


def candidates(project: Project, annotator: User, *, streams: tuple[Stream, ...], wait: bool) -> Iterator[Candidate]:
    """Yield the best pair of each stream in the order asked for, then any open pair: never a dead end.

    Call inside a transaction: the pairs are locked. `wait`: also those that others are taking right now, which are
    passed over otherwise (on SQLite there is one writer at a time, and nobody to pass over).
    """
    sources = {Stream.LEARN: _queued, Stream.AUDIT: _audit, Stream.REPEAT: _repeats}
    for stream in streams:
        yield from sources[stream](project, annotator, wait)
    yield from _any_open(project, annotator, wait)


def _queued(project: Project, annotator: User, wait: bool) -> Iterator[Candidate]:
    queue = QueuedPair.objects.filter(
        not_seen_by(annotator, "pair_id"),
        project=project,
        pair__audit=False,
        pair__open=True,
        pair__slots_taken__lt=F("pair__overlap"),
    )
    locked = queue.select_related("pair").select_for_update(skip_locked=not wait, of=("pair",))
    for row in locked.only("pair_id", "p_first", "snapshot_id", "propensity", "pair__overlap").order_by("position")[:1]:
        yield Candidate(row.pair_id, Stream.LEARN, 0, row.p_first, row.snapshot_id, row.propensity)


def _audit(project: Project, annotator: User, wait: bool) -> Iterator[Candidate]:
    for pair_id in _open_pairs(project, annotator, wait, audit=True):
        queued = QueuedPair.objects.filter(pair_id=pair_id).first()
        p_first, snapshot_id = (queued.p_first, queued.snapshot_id) if queued else (None, None)
        yield Candidate(pair_id, Stream.AUDIT, 0, p_first, snapshot_id, propensity=project.audit_share)


def _repeats(project: Project, annotator: User, wait: bool) -> Iterator[Candidate]:
    """Yield the oldest own comparison that is old enough to ask again, sides swapped; it takes no slot, so no lock."""
    judged = Assignment.objects.filter(
        project=project, annotator=annotator, round=0, closed_as=Assignment.ClosedAs.COMPARED, pair__open=True
    ).exclude(stream=Stream.IMPORT)
    times = judged.order_by("-closed_at").values_list("closed_at", flat=True)
    old_enough = Q(closed_at__lt=Now() - REPEAT_AFTER)
    for boundary in times[REPEAT_AFTER_PAIRS : REPEAT_AFTER_PAIRS + 1]:
        old_enough |= Q(closed_at__lte=boundary)
    repeated = Assignment.objects.filter(pair_id=OuterRef("pair_id"), annotator=annotator, round=1)
    for first_look in judged.filter(old_enough, ~Exists(repeated)).order_by("closed_at")[:1]:
        yield Candidate(first_look.pair_id, Stream.REPEAT, 1, first_on_left=not first_look.first_on_left)


def _any_open(project: Project, annotator: User, wait: bool) -> Iterator[Candidate]:
    """Yield a learn pair in random order, then an audit pair: before the first queue and when the queue has run out."""
    for pair_id in _open_pairs(project, annotator, wait, audit=False):
        yield Candidate(pair_id, Stream.LEARN)
    yield from _audit(project, annotator, wait)


def _open_pairs(project: Project, annotator: User, wait: bool, *, audit: bool) -> QuerySet[Pair, int]:
    unseen = Pair.objects.assignable().filter(not_seen_by(annotator, "pk"), project=project, audit=audit)
    return unseen.select_for_update(skip_locked=not wait).order_by("shuffle").values_list("pk", flat=True)[:1]


def not_seen_by(annotator: User, pair_field: str) -> Q:
    """Return the condition that the annotator has not judged, skipped or now holds the pair."""
    seen = Assignment.objects.filter(pair_id=OuterRef(pair_field), annotator=annotator, round=0)
    finished = [Assignment.ClosedAs.COMPARED, Assignment.ClosedAs.SKIPPED]
    return Q(~Exists(seen.filter(Q(closed_at=None) | Q(closed_as__in=finished))))


def repeats_have_begun(project: Project) -> bool:
    """Say whether the project has the comparisons after which repeats are worth their cost."""
    after = Comparison.objects.filter(project=project).order_by("id")[project.repeat_after : project.repeat_after + 1]
    return after.exists()
