"""What the buttons of the compare screen do. Rules live in services; the words for what became of a press live here."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db.models import Q

from annotate.forms import FlagForm, SkipForm, UndoForm, checked
from annotate.models import Assignment, Comparison, Membership, Outcome, Project, User
from annotate.selectors.gold import feedback
from annotate.selectors.own_assignment import own_assignment
from annotate.services.assigning import lease_again
from annotate.services.comparing import judge_and_lease, retract_comparison, skip_assignment
from annotate.services.errors import AlreadyCompared, Conflict, InvalidInput, NotFound
from annotate.services.flagging import flag_assignment, withdraw_flag
from annotate.sides import Choice, as_shown
from annotate.verdict_forms import VerdictForm
from annotate.views.requests import SignedInRequest

SAID = {
    Choice.LEFT: "A is better.",
    Choice.RIGHT: "B is better.",
    Choice.TIE: "a tie.",
    Choice.BOTH_BAD: "both are bad.",
}


AT_ONCE = 3  # the pair on screen and two ahead of it


@dataclass(frozen=True)
class Done:
    """What a press led to: the assignment to show first, and the pairs now held where the press has lent them."""

    in_front: UUID | None = None
    held: list[Assignment] | None = None
    feedback: "Shown | None" = None


@dataclass(frozen=True)
class Shown:
    """What an annotator reads about a verdict in the training round."""

    right: bool
    expected: str
    note: str


def act(request: SignedInRequest, membership: Membership) -> Done:
    """Do what was pressed and say how it went. Raises a Refusal that says what to do next."""
    actions = {"choice": _record, "skip": _skip, "undo": _undo, "flag": _flag}
    for name, action in actions.items():
        if name in request.POST:
            return action(request, membership)
    raise InvalidInput("Nothing was chosen. Press one of the buttons below the pair.")


def _record(request: SignedInRequest, membership: Membership) -> Done:
    form = VerdictForm(request.POST)
    assignment = _own_assignment(request.user, membership.project, checked(form)["assignment"])
    verdict = form.verdict(first_on_left=assignment.first_on_left, guideline_version=membership.guidelines_read or None)
    try:
        judged = judge_and_lease(assignment=assignment, verdict=verdict, by=request.user, n=AT_ONCE)
    except AlreadyCompared as refusal:
        raise AlreadyCompared(_first_stands(refusal, assignment), **refusal.details) from None
    if judged.comparison.retracted_at:  # sent again after an undo: it is not to look saved
        raise Conflict("You took this verdict back after it was first sent. Judge the pair again.")
    told = feedback(judged.comparison)
    if told is None:
        messages.success(request, f"Saved: {SAID[form.choice_made]}")
        return Done(held=judged.held)
    shown = Shown(told.right, _said(told.outcome, assignment), told.note)
    if not request.htmx:
        messages.info(request, f"Practice: the expected answer is: {shown.expected} {shown.note}")
    return Done(held=judged.held, feedback=shown)


def _said(outcome: Outcome | str, assignment: Assignment) -> str:
    return SAID[as_shown(Outcome(outcome), first_on_left=assignment.first_on_left)]


def _first_stands(refusal: AlreadyCompared, assignment: Assignment) -> str:
    """Return the refusal with the verdict that stands, in the words of what its annotator saw."""
    if not refusal.details.get("outcome"):
        return refusal.message
    return f"{refusal.message} It says: {_said(refusal.details['outcome'], assignment)}"


def _skip(request: SignedInRequest, membership: Membership) -> Done:
    sent = checked(SkipForm(request.POST))
    assignment = _own_assignment(request.user, membership.project, sent["assignment"])
    skip_assignment(assignment=assignment, reason=sent["skip"], by=request.user)
    messages.success(request, "Given back without a verdict: the pair goes to somebody else.")
    return Done()


def _undo(request: SignedInRequest, membership: Membership) -> Done:
    key = checked(UndoForm(request.POST))["undo"]
    own = Comparison.objects.select_related("assignment__project", "assignment__annotator", "project")
    comparison = own.filter(
        Q(public_id=key) | Q(client_key=key), project=membership.project, assignment__annotator=request.user
    ).first()
    if comparison is None:
        raise NotFound("There is no such verdict of yours.")
    return Done(in_front=take_back(request, comparison))


def take_back(request: SignedInRequest, comparison: Comparison) -> UUID | None:
    """Retract a verdict, lend its pair again where that is possible, and say how it went; sent again, say so again."""
    undone_now = retract_comparison(comparison=comparison, by=request.user)
    if undone_now and comparison.project.accepts_comparisons:
        again = lease_again(comparison.assignment)
    else:
        again = Assignment.objects.live().filter(pk=comparison.assignment_id).first()
    messages.success(request, "Undone. Judge it again." if again else "Undone: the pair goes to somebody else.")
    return again.public_id if again else None


def _flag(request: SignedInRequest, membership: Membership) -> Done:
    sent = checked(FlagForm(request.POST))
    assignment = _own_assignment(request.user, membership.project, sent["assignment"])
    if sent["flag"] == "on":
        flag_assignment(assignment=assignment, by=request.user)
        messages.info(request, "Flagged for the project's researchers.")
    else:
        withdraw_flag(assignment=assignment, by=request.user)
        messages.info(request, "The flag is off again.")
    return Done(in_front=assignment.public_id)


def _own_assignment(user: User, project: Project, public_id: UUID) -> Assignment:
    assignment = own_assignment(user, public_id)
    if assignment and assignment.project_id == project.pk:
        return assignment
    raise NotFound("There is no such assignment. Reload the page to get the next pair.")
