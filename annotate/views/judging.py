"""What the buttons of the compare screen do. Rules live in services; the words for what became of a press live here."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db.models import Q

from annotate.forms import FlagForm, SkipForm, UndoForm, VerdictForm, checked
from annotate.models import Assignment, Comparison, Project, User
from annotate.services.assigning import lease_again
from annotate.services.comparing import Verdict, judge_and_lease, retract_comparison, skip_assignment
from annotate.services.errors import AlreadyCompared, Conflict, InvalidInput, NotFound
from annotate.services.flagging import flag_assignment, withdraw_flag
from annotate.sides import Choice, as_shown, as_stored
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


def act(request: SignedInRequest, project: Project) -> Done:
    """Do what was pressed and say how it went. Raises a Refusal that says what to do next."""
    actions = {"choice": _record, "skip": _skip, "undo": _undo, "flag": _flag}
    for name, action in actions.items():
        if name in request.POST:
            return action(request, project)
    raise InvalidInput("Nothing was chosen. Press one of the buttons below the pair.")


def _record(request: SignedInRequest, project: Project) -> Done:
    form = VerdictForm(request.POST)
    sent = checked(form)
    assignment = _own_assignment(request.user, project, sent["assignment"])
    choice = Choice(sent["choice"])
    outcome = as_stored(choice, first_on_left=assignment.first_on_left)
    verdict = Verdict(outcome, sent["client_key"], sent["comment"], form.timing())
    try:
        judged = judge_and_lease(assignment=assignment, verdict=verdict, by=request.user, n=AT_ONCE)
    except AlreadyCompared as refusal:
        raise AlreadyCompared(_first_stands(refusal, assignment), **refusal.details) from None
    if judged.comparison.retracted_at:  # sent again after an undo: it is not to look saved
        raise Conflict("You took this verdict back after it was first sent. Judge the pair again.")
    messages.success(request, f"Saved: {SAID[choice]}")
    return Done(held=judged.held)


def _first_stands(refusal: AlreadyCompared, assignment: Assignment) -> str:
    """Return the refusal with the verdict that stands, in the words of what its annotator saw."""
    if not refusal.details.get("outcome"):
        return refusal.message
    choice = as_shown(refusal.details["outcome"], first_on_left=assignment.first_on_left)
    return f"{refusal.message} It says: {SAID[choice]}"


def _skip(request: SignedInRequest, project: Project) -> Done:
    sent = checked(SkipForm(request.POST))
    assignment = _own_assignment(request.user, project, sent["assignment"])
    skip_assignment(assignment=assignment, reason=sent["skip"], by=request.user)
    messages.success(request, "Given back without a verdict: the pair goes to somebody else.")
    return Done()


def _undo(request: SignedInRequest, project: Project) -> Done:
    key = checked(UndoForm(request.POST))["undo"]
    own = Comparison.objects.select_related("assignment__project", "assignment__annotator", "project")
    comparison = own.filter(
        Q(public_id=key) | Q(client_key=key), project=project, assignment__annotator=request.user
    ).first()
    if comparison is None:
        raise NotFound("There is no such verdict of yours.")
    return Done(in_front=take_back(request, comparison))


def take_back(request: SignedInRequest, comparison: Comparison) -> UUID | None:
    """Retract a verdict, lend its pair again where that is possible, and say how it went."""
    retract_comparison(comparison=comparison, by=request.user)
    again = lease_again(comparison.assignment) if comparison.project.accepts_comparisons else None
    messages.success(request, "Undone. Judge it again." if again else "Undone: the pair goes to somebody else.")
    return again.public_id if again else None


def _flag(request: SignedInRequest, project: Project) -> Done:
    sent = checked(FlagForm(request.POST))
    assignment = _own_assignment(request.user, project, sent["assignment"])
    if sent["flag"] == "on":
        flag_assignment(assignment=assignment, by=request.user)
        messages.info(request, "Flagged for the project's researchers.")
    else:
        withdraw_flag(assignment=assignment, by=request.user)
        messages.info(request, "The flag is off again.")
    return Done(in_front=assignment.public_id)


def _own_assignment(user: User, project: Project, public_id: UUID) -> Assignment:
    own = Assignment.objects.select_related("project", "pair").filter(annotator=user, project=project)
    if assignment := own.filter(public_id=public_id).first():
        return assignment
    raise NotFound("There is no such assignment. Reload the page to get the next pair.")
