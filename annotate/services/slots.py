"""Close assignments and move their pairs' slots. Every path that lends or takes back goes through here.

The guarantee is the pair's `slots_taken`, raised by one conditional UPDATE and bounded by a CHECK; see
docs/decisions/slots-are-a-counter.md.
"""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from annotate.compiled import Update, compiled_update
from annotate.models import AskedAgain, Assignment, Pair, Project, Stream

MOST_EXPIRED_AT_ONCE = 1000


def close(assignment: Assignment, closed_as: Assignment.ClosedAs, *, skip_reason: str = "") -> bool:
    """Close an open assignment; return False if something else closed it first. Call inside a transaction."""
    return _close(assignment.pk, closed_as, skip_reason) == 1


def take_slot(pair_id: int, stream: str) -> bool:
    """Take what an assignment of this stream needs, if it is free: a slot of the pair, or that of asking it again.

    The other streams need none. Call inside a transaction.
    """
    if stream == Stream.AGAIN:
        return AskedAgain.objects.filter(pair=pair_id, taken=False).update(taken=True) == 1
    return stream not in Stream.with_slots() or _take_slot(pair_id) == 1


def free_slot(assignment: Assignment) -> None:
    """Give back the slot that the assignment took, if its stream takes one. Call inside a transaction."""
    if assignment.stream == Stream.AGAIN:
        AskedAgain.objects.filter(pair=assignment.pair_id).update(taken=False)
    elif assignment.stream in Stream.with_slots():
        Pair.objects.filter(pk=assignment.pair_id).update(slots_taken=F("slots_taken") - 1)


@compiled_update
def _close(assignment: int, closed_as: str, skip_reason: str) -> Update:
    still_open = Assignment.objects.filter(pk=assignment, closed_at=None)
    return still_open, {"closed_at": Now(), "closed_as": closed_as, "skip_reason": skip_reason}


@compiled_update
def _take_slot(pair: int) -> Update:
    return Pair.objects.assignable().filter(pk=pair), {"slots_taken": F("slots_taken") + 1}


@transaction.atomic
def give_back(assignment: Assignment) -> bool:
    """End a lease without a verdict: anybody may be lent the pair, the same person too. False if it was closed."""
    if not close(assignment, Assignment.ClosedAs.EXPIRED):
        return False
    free_slot(assignment)
    return True


def release_expired(project: Project | None = None, *, at_most: int = MOST_EXPIRED_AT_ONCE) -> int:
    """Close the assignments whose lease ended and free their slots; return how many."""
    expired = Assignment.objects.expired()
    if project:
        expired = expired.filter(project=project)
    return sum(give_back(assignment) for assignment in expired.order_by("id")[:at_most])
