"""Record verdicts, skips and retractions. No submitted comparison is ever discarded or counted twice."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from annotate.models import Assignment, Comparison, ComparisonEvent, Outcome, User
from annotate.services.assigning import close, free_slot, take_slot
from annotate.services.errors import AlreadyCompared, Conflict, InvalidInput, KeyReused, NotFound

LONGEST_COMMENT = 10_000
LONGEST_REASON = 40


@dataclass(frozen=True)
class Timing:
    """When the browser showed the pair and when the person decided, by the browser's clock; either may be unknown."""

    shown_at: datetime | None = None
    decided_at: datetime | None = None

    def seconds(self) -> float | None:
        if self.shown_at is None or self.decided_at is None or self.decided_at < self.shown_at:
            return None
        return (self.decided_at - self.shown_at).total_seconds()


def record_comparison(
    *,
    assignment: Assignment,
    outcome: Outcome,
    client_key: UUID,
    by: User,
    comment: str = "",
    timing: Timing = Timing(),
) -> tuple[Comparison, bool]:
    """Store a verdict and close its assignment; return it and whether this call stored it.

    A replay with the same key returns the first one. A verdict after the lease ended takes a slot again or is stored as
    surplus. Raises NotFound if the assignment is somebody else's, KeyReused if the key came before with another body,
    AlreadyCompared if `by` judged this pair elsewhere, InvalidInput if the project does not offer the outcome.
    """
    if assignment.annotator_id != by.pk:
        raise NotFound("There is no such assignment. Ask for the next pair.")
    if replay := Comparison.objects.filter(client_key=client_key).first():
        return _same(replay, assignment, outcome, comment), False
    if outcome not in assignment.project.offered_outcomes:
        raise InvalidInput(f"This project does not offer {outcome!r}. Choose one of the outcomes on the page.")
    _check_text(comment, "comment", at_most=LONGEST_COMMENT)
    try:
        return _store(assignment, outcome, client_key, comment, timing), True
    except (IntegrityError, AlreadyCompared):
        if replay := Comparison.objects.filter(client_key=client_key).first():
            return _same(replay, assignment, outcome, comment), False
        raise _already_compared(assignment) from None


@transaction.atomic
def skip_assignment(*, assignment: Assignment, reason: str, by: User) -> None:
    """Close an assignment without a verdict and free its slot; the pair goes to somebody else.

    Raises NotFound if it is somebody else's, Conflict if it was closed before, InvalidInput for a reason too long.
    """
    if assignment.annotator_id != by.pk:
        raise NotFound("There is no such assignment. Ask for the next pair.")
    _check_text(reason, "reason", at_most=LONGEST_REASON)
    if not close(assignment, Assignment.ClosedAs.SKIPPED, skip_reason=reason):
        raise Conflict("This pair was already judged or given back. Ask for the next pair.")
    free_slot(assignment)


@transaction.atomic
def retract_comparison(*, comparison: Comparison, by: User) -> None:
    """Undo a verdict of one's own inside the project's window: append a retraction and free the slot.

    Raises NotFound if it is somebody else's, Conflict if it was retracted before or the window has closed.
    """
    assignment = comparison.assignment
    if assignment.annotator_id != by.pk:
        raise NotFound("There is no such comparison.")
    window = timedelta(seconds=comparison.project.undo_seconds)
    standing = Comparison.objects.filter(pk=comparison.pk, retracted_at=None)
    if not standing.filter(created_at__gte=Now() - window).update(retracted_at=Now()):
        late = standing.exists()
        raise Conflict(
            "The time to undo it is over: the verdict stays." if late else "This verdict was already undone."
        )
    ComparisonEvent.objects.create(
        project_id=comparison.project_id, comparison=comparison, kind=ComparisonEvent.Kind.RETRACT, by=by
    )
    Assignment.objects.filter(pk=assignment.pk).update(closed_at=Now(), closed_as=Assignment.ClosedAs.UNDONE)
    if not comparison.surplus:
        free_slot(assignment)


@transaction.atomic
def _store(assignment: Assignment, outcome: Outcome, client_key: UUID, comment: str, timing: Timing) -> Comparison:
    in_time = close(assignment, Assignment.ClosedAs.COMPARED)
    surplus = not in_time and not _take_back(assignment)
    return Comparison.objects.create(
        project=assignment.project,
        assignment=assignment,
        outcome=outcome,
        comment=comment,
        client_key=client_key,
        shown_at=timing.shown_at,
        decided_at=timing.decided_at,
        seconds=timing.seconds(),
        surplus=surplus,
        guideline_version=assignment.project.guideline_version,
    )


def _take_back(assignment: Assignment) -> bool:
    """Close a late verdict's assignment as compared and take its slot again; False if no slot is free."""
    stored = Assignment.objects.select_for_update().get(pk=assignment.pk)
    if stored.closed_as == Assignment.ClosedAs.COMPARED:
        raise _already_compared(assignment)
    if close(stored, Assignment.ClosedAs.COMPARED):  # lent anew a moment ago: it holds its slot
        return True
    Assignment.objects.filter(pk=stored.pk).update(closed_at=Now(), closed_as=Assignment.ClosedAs.COMPARED)
    return not stored.takes_slot or take_slot(stored.pair_id)


def _check_text(text: str, name: str, *, at_most: int) -> None:
    if len(text) > at_most:
        raise InvalidInput(f"The {name} is longer than {at_most} characters. Shorten it and send it again.")
    if "\x00" in text:
        raise InvalidInput(f"The {name} holds a NUL character, which cannot be stored. Remove it and send it again.")


def _same(stored: Comparison, assignment: Assignment, outcome: Outcome, comment: str) -> Comparison:
    if (stored.assignment_id, stored.outcome, stored.comment) != (assignment.pk, outcome, comment):
        raise KeyReused("This client_key was used for another verdict. Make a new key for each verdict.")
    return stored


def _already_compared(assignment: Assignment) -> AlreadyCompared:
    stored = Comparison.objects.filter(assignment=assignment, retracted_at=None).first()
    return AlreadyCompared(
        "You have already judged this pair; your first verdict stands. Undo it to change your mind.",
        outcome=stored.outcome if stored else None,
        comparison=str(stored.public_id) if stored else None,
    )
