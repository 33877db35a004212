"""How each annotator of a project judges: how much, how fast, to which side, and how they agree with what is known.

These are signals to look into, no verdicts on people: a flag says which figure is unusual and what it usually is.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber
from scipy.stats import binomtest

from annotate.models import Comparison, Membership, Outcome, Project, Stream, User

TOO_FAST_SECONDS = 2.0
FAST_SHARE = 0.1  # of verdicts under TOO_FAST_SECONDS
ENOUGH = 20  # verdicts before a share is flagged
SIDED = 0.1  # how far from one half the whole interval of the share of A has to lie


@dataclass(frozen=True)
class Share:
    """`k` of `n`, with the 95 % interval of Wilson 1927; all None where n is 0."""

    k: int
    n: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Annotator:
    """One person's figures. Gold and practice are apart from `n`, which counts their live verdicts of other streams."""

    user: User
    membership: Membership | None
    n: int
    n_voided: int
    last_at: datetime | None
    median_seconds: float | None
    fast: Share
    left: Share
    gold: Share
    practice: Share
    consistent: Share
    flags: tuple[str, ...]


def annotators(project: Project) -> list[Annotator]:
    """Return everybody who judged in the project by signing in, and its annotators who have not yet, by name."""
    counted = {row["assignment__annotator"]: row for row in _counts(project)}
    memberships = {one.user_id: one for one in Membership.objects.filter(project=project)}
    people = User.objects.filter(Q(pk__in=counted) | Q(pk__in=[key for key, one in memberships.items() if one.active]))
    medians, repeats = _medians(project), _repeats(project)
    return [
        _annotator(user, memberships.get(user.pk), counted.get(user.pk, {}), medians.get(user.pk), repeats[user.pk])
        for user in people.order_by("username")
    ]


def share(k: int, n: int) -> Share:
    if not n:
        return Share(0, 0, None, None, None)
    interval = binomtest(k, n).proportion_ci(method="wilson")
    return Share(k, n, k / n, float(interval.low), float(interval.high))


def _annotator(
    user: User,
    membership: Membership | None,
    counts: Mapping[str, Any],
    median: float | None,
    repeats: tuple[int, int],
) -> Annotator:
    fast = share(counts.get("fast", 0), counts.get("timed", 0))
    left = share(counts.get("left", 0), counts.get("left", 0) + counts.get("right", 0))
    return Annotator(
        user=user,
        membership=membership,
        n=counts.get("n", 0),
        n_voided=counts.get("voided", 0),
        last_at=counts.get("last_at"),
        median_seconds=median,
        fast=fast,
        left=left,
        gold=share(counts.get("gold_right", 0), counts.get("gold", 0)),
        practice=share(counts.get("practice_right", 0), counts.get("practice", 0)),
        consistent=share(*repeats),
        flags=tuple(_flags(fast, left)),
    )


def _flags(fast: Share, left: Share) -> list[str]:
    flags = []
    if fast.n >= ENOUGH and fast.k > FAST_SHARE * fast.n:
        flags.append(f"{fast.k} of {fast.n} verdicts came in under {TOO_FAST_SECONDS:g} s")
    if left.n >= ENOUGH and not _near_one_half(left):
        flags.append(f"chose A {left.k} of {left.n} times; sides are drawn at random")
    return flags


def _near_one_half(share: Share) -> bool:
    """Say whether some of the interval lies within SIDED of one half."""
    return share.low is not None and share.high is not None and share.low <= 0.5 + SIDED and share.high >= 0.5 - SIDED


def _counts(project: Project) -> QuerySet[Comparison, Any]:
    """Count each person's verdicts of every kind in one query."""
    live = Q(voided_at=None)
    gold = live & Q(assignment__stream=Stream.GOLD)
    practice = live & Q(assignment__stream=Stream.TRAINING)
    work = live & ~Q(assignment__stream__in=Stream.with_known_answer())
    right = Q(outcome=F("assignment__pair__gold_outcome"))
    return (
        _judged(project)
        .values("assignment__annotator")
        .annotate(
            n=Count("pk", filter=work),
            voided=Count("pk", filter=~live),
            last_at=Max("created_at"),
            timed=Count("pk", filter=work & Q(seconds__isnull=False)),
            fast=Count("pk", filter=work & Q(seconds__lt=TOO_FAST_SECONDS)),
            left=Count("pk", filter=work & _chose(left=True)),
            right=Count("pk", filter=work & _chose(left=False)),
            gold=Count("pk", filter=gold),
            gold_right=Count("pk", filter=gold & right),
            practice=Count("pk", filter=practice),
            practice_right=Count("pk", filter=practice & right),
        )
        .order_by()
    )


def _chose(*, left: bool) -> Q:
    return Q(outcome=Outcome.FIRST, assignment__first_on_left=left) | Q(
        outcome=Outcome.SECOND, assignment__first_on_left=not left
    )


def _judged(project: Project) -> QuerySet[Comparison]:
    return Comparison.objects.filter(project=project, retracted_at=None, source=Comparison.Source.LIVE)


def _medians(project: Project) -> dict[int, float]:
    """Return the median seconds of each person's live verdicts: the mean of the middle two, or the middle one.

    Gold and practice are apart, as in every other figure of their work.
    """
    timed = _judged(project).filter(voided_at=None, seconds__isnull=False)
    timed = timed.exclude(assignment__stream__in=Stream.with_known_answer())
    whose = [F("assignment__annotator")]
    placed = timed.annotate(
        place=Window(RowNumber(), partition_by=whose, order_by=[F("seconds"), F("pk")]),
        n=Window(Count("pk"), partition_by=whose),
    )
    middle = placed.filter(place__gte=F("n") / 2.0, place__lte=F("n") / 2.0 + 1)
    found: dict[int, list[Any]] = defaultdict(list)
    for annotator, seconds in middle.values_list("assignment__annotator", "seconds"):
        found[annotator].append(seconds)
    return {annotator: sum(seconds) / len(seconds) for annotator, seconds in found.items()}


def _repeats(project: Project) -> dict[int, tuple[int, int]]:
    """Count for each person how many repeats said the same as the first look, and how many repeats there are."""
    first_look = Comparison.objects.live().filter(
        assignment__pair=OuterRef("assignment__pair"),
        assignment__annotator=OuterRef("assignment__annotator"),
        assignment__round=0,
    )
    repeats = _judged(project).filter(voided_at=None, assignment__stream=Stream.REPEAT)
    found: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    rows = repeats.annotate(before=Subquery(first_look.values("outcome")[:1])).exclude(before=None)
    for annotator, outcome, before in rows.values_list("assignment__annotator", "outcome", "before"):
        same, n = found[annotator]
        found[annotator] = (same + (outcome == before), n + 1)
    return found
