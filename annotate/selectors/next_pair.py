"""Which pair an annotator could be lent next, best first. Reading only: services.assigning takes the slot.

Each source is one query that stops at its first row, whatever the project's size: the queue in its order, and the
random order of the project's pairs from the place where this person's walk through it has come to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from annotate.compiled import compiled
from annotate.models import Assignment, Comparison, Membership, Pair, Project, QueuedPair, Stream, User
from annotate.models.material import PairQuerySet

REPEAT_AFTER_PAIRS = 50
REPEAT_AFTER = timedelta(days=1)
BACK_TO_THE_START_EVERY = 256  # leases: pairs behind the walk become free again when a lease ends unjudged
SHOWN = ("prompt", "first", "second")


@dataclass(frozen=True)
class Candidate:
    """A pair that may be lent, with its texts, and what the live head thought of it when it was queued.

    `lent_before`: the person's assignment of it is there already, closed without a verdict. `walked`: it was found in
    the random order.
    """

    pair: Pair
    stream: Stream
    round: int = 0
    p_first: float | None = None
    snapshot_id: int | None = None
    propensity: float | None = None
    first_on_left: bool | None = None
    lent_before: bool = False
    walked: bool = False

    @property
    def now(self) -> datetime:
        """Return the database's time when the pair was chosen."""
        moment: datetime = self.pair.now  # type: ignore[attr-defined]
        return moment


def candidates(membership: Membership, *, streams: tuple[Stream, ...], lock: bool) -> Iterator[Candidate]:
    """Yield the best pair of each stream in the order asked for, then any open pair: never a dead end.

    Call inside a transaction. `lock`: the pairs are locked, and those that others have locked are passed over (on
    SQLite there is one writer at a time, and nobody to pass over). Without it a pair may be gone when it is taken.
    """
    sources = {
        Stream.LEARN: _queued,
        Stream.AUDIT: _audit,
        Stream.REPEAT: _repeats,
        Stream.GOLD: _gold,
        Stream.AGAIN: _again,
    }
    if membership.in_training:
        return (yield from _training(membership))
    for stream in streams:
        yield from sources[stream](membership, lock)
    yield from _any_open(membership, lock)


def to_show(pair_id: int) -> Pair:
    """Return one pair as the candidates carry it: with its texts, and `now`, the database's time."""
    (pair,) = _with_texts(pair_id)
    return pair


@compiled
def _with_texts(pair: int) -> QuerySet[Pair]:
    return Pair.objects.filter(pk=pair).select_related(*SHOWN).annotate(now=Now())


def _queued(membership: Membership, lock: bool) -> Iterator[Candidate]:
    for pair in _first_in_queue(membership.project_id, membership.user_id, lock):
        yield thought_of(pair, Stream.LEARN, pair.queued, propensity=pair.queued.propensity)


def _audit(membership: Membership, lock: bool) -> Iterator[Candidate]:
    for pair in _walk(membership, lock, audit=True):
        queued = QueuedPair.objects.filter(pair_id=pair.pk).first()
        yield thought_of(pair, Stream.AUDIT, queued, propensity=membership.project.audit_share, walked=True)


def _repeats(membership: Membership, lock: bool) -> Iterator[Candidate]:
    """Yield the oldest own comparison that is old enough to ask again, sides swapped; it takes no slot, so no lock."""
    own = Assignment.objects.filter(project=membership.project, annotator=membership.user, round=0)
    judged = own.filter(closed_as=Assignment.ClosedAs.COMPARED, stream__in=Stream.with_slots())
    times = judged.order_by("-closed_at").values_list("closed_at", flat=True)
    old_enough = Q(closed_at__lt=Now() - REPEAT_AFTER)
    for boundary in times[REPEAT_AFTER_PAIRS : REPEAT_AFTER_PAIRS + 1]:
        old_enough |= Q(closed_at__lte=boundary)
    repeated = Assignment.objects.filter(pair_id=OuterRef("pair_id"), annotator=membership.user, round=1)
    unrepeated = judged.filter(old_enough, ~Exists(repeated), pair__open=True).order_by("closed_at")
    for first_look in unrepeated[:1]:
        pair = to_show(first_look.pair_id)
        yield Candidate(pair, Stream.REPEAT, 1, first_on_left=not first_look.first_on_left)


def _gold(membership: Membership, lock: bool) -> Iterator[Candidate]:
    """Yield a gold pair that is new to the annotator; it takes no slot, so no lock."""
    for pair in _first_gold(membership.project_id, membership.user_id):
        yield thought_of(pair, Stream.GOLD, None)


def _again(membership: Membership, lock: bool) -> Iterator[Candidate]:
    """Yield a pair that researchers ask about again, new to the annotator, in random order among its controls."""
    for pair in _first_asked_again(membership.project_id, membership.user_id, lock):
        yield thought_of(pair, Stream.AGAIN, None)


def _training(membership: Membership) -> Iterator[Candidate]:
    """Yield a gold pair to practise on, and nothing else until enough were judged rightly."""
    for pair in _first_gold(membership.project_id, membership.user_id):
        yield thought_of(pair, Stream.TRAINING, None)


def _any_open(membership: Membership, lock: bool) -> Iterator[Candidate]:
    """Yield a learn pair in random order, then an audit pair: before the first queue and when the queue has run out.

    Then what is asked again.
    """
    for pair in _walk(membership, lock, audit=False):
        yield thought_of(pair, Stream.LEARN, None, walked=True)
    yield from _audit(membership, lock)
    yield from _again(membership, lock)


def _walk(membership: Membership, lock: bool, *, audit: bool) -> list[Pair]:
    """Return the next pair in random order from the person's place on, or else the first one before it."""
    place = membership.audit_place if audit else membership.learn_place
    if membership.n_lent % BACK_TO_THE_START_EVERY == 0:
        place = 0
    whose = {"project": membership.project_id, "annotator": membership.user_id}
    ahead = _first_in_order(**whose, place=place, audit=audit, ahead=True, lock=lock)
    return ahead or (_first_in_order(**whose, place=place, audit=audit, ahead=False, lock=lock) if place else [])


@compiled
def _first_in_queue(project: int, annotator: int, lock: bool) -> QuerySet[Pair]:
    queue = _free(annotator).filter(queued__project=project, audit=False).select_related(*SHOWN, "queued")
    return _locked(queue, lock).order_by("queued__position")[:1]


@compiled
def _first_in_order(project: int, annotator: int, place: int, audit: bool, ahead: bool, lock: bool) -> QuerySet[Pair]:
    side = Q(shuffle__gte=place) if ahead else Q(shuffle__lt=place)
    return _locked(_free(annotator).filter(side, project=project, audit=audit), lock).order_by("shuffle")[:1]


def _free(annotator: User | int) -> QuerySet[Pair]:
    """Return the pairs that the annotator may be lent for a slot, as candidates carry them."""
    return new_to(annotator).assignable()


def new_to(annotator: User | int) -> PairQuerySet:
    """Return the pairs that the annotator has not seen, as candidates carry them."""
    earlier = Assignment.objects.filter(pair_id=OuterRef("pk"), annotator=annotator, round=0)
    unseen = Pair.objects.filter(not_seen_by(annotator, "pk"))
    return unseen.select_related(*SHOWN).annotate(now=Now(), lent_before=Exists(earlier))


@compiled
def _first_gold(project: int, annotator: int) -> QuerySet[Pair]:
    return new_to(annotator).filter(project=project).exclude(gold_outcome="").order_by("shuffle")[:1]


@compiled
def _first_asked_again(project: int, annotator: int, lock: bool) -> QuerySet[Pair]:
    asked = new_to(annotator).filter(asked_again__project=project, asked_again__taken=False, open=True)
    return _locked(asked, lock).order_by("shuffle")[:1]


def _locked(pairs: QuerySet[Pair], lock: bool) -> QuerySet[Pair]:
    return pairs.select_for_update(skip_locked=True, of=("self",), no_key=True) if lock else pairs


def thought_of(
    pair: Pair, stream: Stream, queued: QueuedPair | None, *, propensity: float | None = None, walked: bool = False
) -> Candidate:
    """Return a first look at the pair with what the head thought of it, if it is queued."""
    p_first, snapshot_id = (queued.p_first, queued.snapshot_id) if queued else (None, None)
    lent_before: bool = pair.lent_before  # type: ignore[attr-defined]
    return Candidate(pair, stream, 0, p_first, snapshot_id, propensity, lent_before=lent_before, walked=walked)


def not_seen_by(annotator: User | int, pair_field: str) -> Q:
    """Return the condition that the annotator has not judged, skipped or now holds the pair."""
    seen = Assignment.objects.filter(pair_id=OuterRef(pair_field), annotator=annotator, round=0)
    finished = [Assignment.ClosedAs.COMPARED, Assignment.ClosedAs.SKIPPED]
    return Q(~Exists(seen.filter(Q(closed_at=None) | Q(closed_as__in=finished))))


def repeats_have_begun(project: Project) -> bool:
    """Say whether the project has the comparisons after which repeats are worth their cost."""
    after = Comparison.objects.filter(project=project).order_by("id")[project.repeat_after : project.repeat_after + 1]
    return after.exists()
