"""Record verdicts, skips and retractions. No submitted comparison is ever discarded or counted twice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from annotate.models import Assignment, Comparison, ComparisonEvent, Outcome, Ranking, Stream, User
from annotate.services.assigning import last_ones, lease_pairs, lock_membership, top_up
from annotate.services.errors import AlreadyCompared, Conflict, InvalidInput, KeyReused, NotFound
from annotate.services.gold import note_training
from annotate.services.slots import close, free_slot, take_slot
from annotate.services.verdicts import LONGEST_COMMENT as LONGEST_COMMENT
from annotate.services.verdicts import Timing as Timing
from annotate.services.verdicts import Verdict as Verdict
from annotate.services.verdicts import check_text, check_verdict

LONGEST_REASON = 40


@dataclass(frozen=True)
class Judged:
    """A stored comparison, whether this call stored it, and what its annotator holds now, the oldest first."""

    comparison: Comparison
    stored: bool
    held: list[Assignment]


def judge_and_lease(*, assignment: Assignment, verdict: Verdict, by: User, n: int = 0) -> Judged:
    """Store a verdict, close its assignment, and lend more pairs until `by` holds `n`: one transaction for all of it.

    A replay with the same key returns the first comparison. A verdict after the lease ended takes a slot again or is
    stored as surplus. Nothing is lent while the project is paused. Raises NotFound if the assignment is somebody
    else's, NotAllowed if `by` is no active member, KeyReused if the key came before with another body, AlreadyCompared
    if `by` judged this pair elsewhere, InvalidInput if the project has not asked for what the verdict says since it
    lent the pair.
    """
    if assignment.annotator_id != by.pk:
        raise NotFound("There is no such assignment. Ask for the next pair.")
    n = n if assignment.project.accepts_comparisons and not assignment.project.asks_for_rankings else 0
    try:
        check_verdict(verdict, assignment)
        with transaction.atomic():
            membership = lock_membership(assignment.project, by)
            comparison = store(assignment, verdict)
            note_training(comparison, membership)
            held = top_up(membership, n) if n else []
    except (IntegrityError, AlreadyCompared, InvalidInput) as failure:
        first = _first_of(failure, assignment, verdict)
        return Judged(first, False, lease_pairs(project=assignment.project, annotator=by, n=n) if n else [])
    return Judged(comparison, True, held if held or not n else last_ones(assignment.project, by, n))


def record_comparison(
    *,
    assignment: Assignment,
    outcome: Outcome,
    client_key: UUID,
    by: User,
    comment: str = "",
    timing: Timing | None = None,
    strength: int | None = None,
    criteria: Mapping[str, Outcome] | None = None,
    guideline_version: int | None = None,
) -> tuple[Comparison, bool]:
    """Store a verdict as judge_and_lease does, lending nothing; return it and whether this call stored it."""
    verdict = Verdict(outcome, client_key, comment, timing or Timing(), strength, criteria or {}, guideline_version)
    judged = judge_and_lease(assignment=assignment, verdict=verdict, by=by)
    return judged.comparison, judged.stored


@transaction.atomic
def skip_assignment(*, assignment: Assignment, reason: str, by: User) -> None:
    """Close an assignment without a verdict and free its slot; the pair goes to somebody else.

    Raises NotFound if it is somebody else's, Conflict if it was closed before, InvalidInput for a reason too long.
    """
    if assignment.annotator_id != by.pk:
        raise NotFound("There is no such assignment. Ask for the next pair.")
    check_text(reason, "reason", at_most=LONGEST_REASON)
    if not close(assignment, Assignment.ClosedAs.SKIPPED, skip_reason=reason):
        raise Conflict("This pair was already judged or given back. Ask for the next pair.")
    free_slot(assignment)


@transaction.atomic
def retract_comparison(*, comparison: Comparison, by: User) -> bool:
    """Undo a verdict of one's own inside the project's window: append a retraction and free the slot.

    Returns whether this call did it: asked again, it is done already and nothing changes. Raises NotFound if it is
    somebody else's, Conflict if it was voided, if the pair was judged anew since, if the window has closed, or if it is
    part of a ranking, which is undone as one.
    """
    assignment = comparison.assignment
    if assignment.annotator_id != by.pk:
        raise NotFound("There is no such comparison.")
    if ranking := comparison.ranking:
        raise Conflict(
            "This verdict is part of a ranking. Undo the ranking as a whole.", ranking=str(ranking.public_id)
        )
    if assignment.stream == Stream.TRAINING:
        raise Conflict("You have seen the answer to this practice pair, so your first verdict stays.")
    window = timedelta(seconds=comparison.project.undo_seconds)
    standing = Comparison.objects.live().filter(pk=comparison.pk)
    if not standing.filter(created_at__gte=Now() - window).update(retracted_at=Now()):
        check_undone(Comparison.objects.filter(pk=comparison.pk), [assignment])
        return False
    ComparisonEvent.objects.create(
        project_id=comparison.project_id, comparison=comparison, kind=ComparisonEvent.Kind.RETRACT, by=by
    )
    Assignment.objects.filter(pk=assignment.pk).update(closed_at=Now(), closed_as=Assignment.ClosedAs.UNDONE)
    if not comparison.surplus:
        free_slot(assignment)
    return True


def check_undone(verdicts: QuerySet[Comparison], assignments: Iterable[Assignment]) -> None:
    """Raise Conflict unless these verdicts were taken back before and no other stands on their assignments since."""
    if verdicts.exclude(retracted_at=None).exists():
        if Comparison.objects.filter(assignment__in=assignments, retracted_at=None).exists():
            raise Conflict("You took this back and have judged it anew since. Undo what you said last instead.")
    elif verdicts.exclude(voided_at=None).exists():
        raise Conflict("This verdict was voided by the project's admin. Judge the next pair.")
    else:
        raise Conflict("The time to undo it is over: the verdict stays.")


def store(assignment: Assignment, verdict: Verdict, ranking: Ranking | None = None) -> Comparison:
    """Write a checked verdict, by itself or as part of a ranking. Call inside a transaction, the membership locked."""
    in_time = close(assignment, Assignment.ClosedAs.COMPARED)
    surplus = not in_time and not _take_back(assignment)
    return Comparison.objects.create(
        project=assignment.project,
        assignment=assignment,
        ranking=ranking,
        outcome=verdict.outcome,
        strength=verdict.strength,
        criteria=dict(verdict.criteria),
        comment=verdict.comment,
        client_key=verdict.client_key,
        shown_at=verdict.timing.shown_at,
        decided_at=verdict.timing.decided_at,
        seconds=verdict.timing.seconds(),
        surplus=surplus,
        guideline_version=verdict.guideline_version or assignment.project.guideline_version,
    )


def _first_of(failure: Exception, assignment: Assignment, verdict: Verdict) -> Comparison:
    """Return the comparison that came first with this key; without one, raise what stood in the way."""
    if replay := Comparison.objects.filter(client_key=verdict.client_key).first():
        return _same(replay, assignment, verdict)
    if isinstance(failure, IntegrityError) and Comparison.objects.filter(assignment=assignment, retracted_at=None):
        raise _already_compared(assignment) from None
    raise failure


def _take_back(assignment: Assignment) -> bool:
    """Close a late verdict's assignment as compared and take its slot again; False if no slot is free."""
    stored = Assignment.objects.select_for_update().get(pk=assignment.pk)
    if stored.closed_as == Assignment.ClosedAs.COMPARED:
        raise _already_compared(assignment)
    if close(stored, Assignment.ClosedAs.COMPARED):  # lent anew a moment ago: it holds its slot
        return True
    Assignment.objects.filter(pk=stored.pk).update(closed_at=Now(), closed_as=Assignment.ClosedAs.COMPARED)
    return take_slot(stored.pair_id, stored.stream)


def _same(stored: Comparison, assignment: Assignment, verdict: Verdict) -> Comparison:
    if stored.assignment_id != assignment.pk or not verdict.same_as(stored):
        raise KeyReused("This client_key was used for another verdict. Make a new key for each verdict.")
    return stored


def _already_compared(assignment: Assignment) -> AlreadyCompared:
    stored = Comparison.objects.filter(assignment=assignment, retracted_at=None).first()
    return AlreadyCompared(
        "You have already judged this pair; your first verdict stands. Undo it to change your mind.",
        outcome=stored.outcome if stored else None,
        comparison=str(stored.public_id) if stored else None,
    )
