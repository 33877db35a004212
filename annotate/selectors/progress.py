"""How far an annotator has come, at a cost that does not grow with the project or with what they have done."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from annotate.compiled import compiled
from annotate.models import Assignment, Comparison, Membership, Pair, Project, Stream, User
from annotate.selectors.next_pair import not_seen_by

MOST_COUNTED = 200


@dataclass(frozen=True)
class Progress:
    """Judged today, and pairs left, what is lent included; `more`: there are more than were counted."""

    done_today: int
    left: int
    more: bool


def progress(membership: Membership) -> Progress:
    """Read a person's progress. Pairs are counted from where their walk has come to, and exactly where few are left."""
    whose = membership.project_id, membership.user_id
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    today = sum(n for (n,) in _judged_since(*whose, moment=midnight))
    left = len(_left(*whose, learn_place=membership.learn_place, audit_place=membership.audit_place))
    if left <= MOST_COUNTED and (membership.learn_place or membership.audit_place):
        left = len(_left(*whose, learn_place=0, audit_place=0))
    lent = sum(n for (n,) in _lent(*whose))
    return Progress(today, min(left, MOST_COUNTED) + len(_asked_again(*whose)) + lent, left > MOST_COUNTED)


def judged_in_all(project: Project, annotator: User) -> int:
    """Count the person's live comparisons: for a page that is opened now and then, not for every verdict."""
    return Comparison.objects.live().filter(project=project, assignment__annotator=annotator).count()


@compiled
def _judged_since(project: int, annotator: int, moment: datetime) -> QuerySet[Assignment, tuple[int]]:
    judged = Assignment.objects.filter(project=project, annotator=annotator, closed_as=Assignment.ClosedAs.COMPARED)
    return _counted(judged.filter(closed_at__gte=moment).exclude(stream=Stream.IMPORT))


@compiled
def _lent(project: int, annotator: int) -> QuerySet[Assignment, tuple[int]]:
    lent = Assignment.objects.live().filter(project=project, annotator=annotator)
    return _counted(lent.filter(stream__in=Stream.for_anybody()))  # the others must not be told by their count


def _counted(assignments: QuerySet[Assignment]) -> QuerySet[Assignment, tuple[int]]:
    return assignments.order_by().values("annotator").annotate(n=Count("pk")).values_list("n")


@compiled
def _left(project: int, annotator: int, learn_place: int, audit_place: int) -> QuerySet[Pair, tuple[int]]:
    ahead = Q(audit=False, shuffle__gte=learn_place) | Q(audit=True, shuffle__gte=audit_place)
    unseen = Pair.objects.assignable().filter(ahead, not_seen_by(annotator, "pk"), project=project)
    return unseen.values_list("pk")[: MOST_COUNTED + 1]


@compiled
def _asked_again(project: int, annotator: int) -> QuerySet[Pair, tuple[int]]:
    """Return the pairs that are asked again and would not be left otherwise: they must not be told by the count."""
    full = Pair.objects.filter(slots_taken__gte=F("overlap"), open=True)
    waiting = full.filter(not_seen_by(annotator, "pk"), asked_again__project=project, asked_again__taken=False)
    return waiting.values_list("pk")[:MOST_COUNTED]
