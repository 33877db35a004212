"""The annotator's screen: one pair at a time; the answer to a verdict is the next pair."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from annotate.forms import SkipForm, SkipReason, UndoForm, VerdictForm, checked
from annotate.models import Assignment, Comparison, Membership, Outcome, Project, User
from annotate.permissions import membership_in
from annotate.selectors.overview import progress
from annotate.selectors.undoable import undoable
from annotate.selectors.waiting import waiting
from annotate.services.assigning import held_by, lease_again, lease_pairs
from annotate.services.comparing import record_comparison, retract_comparison, skip_assignment
from annotate.services.errors import Conflict, InvalidInput, NotFound
from annotate.sides import Choice, as_stored, left_and_right
from annotate.views.requests import SignedInRequest

SAVED = {
    Choice.LEFT: "Saved: A is better.",
    Choice.RIGHT: "Saved: B is better.",
    Choice.TIE: "Saved: a tie.",
    Choice.BOTH_BAD: "Saved: both are bad.",
}


@vary_on_headers("HX-Request")
@never_cache
@require_http_methods(["GET", "POST"])
def compare(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show a pair; take a verdict, a skip or an undo, whichever the pressed button's name says."""
    membership = membership_in(request.user, slug)
    wanted = request.GET.get("assignment")
    if request.method == "POST":
        again = _act(request, membership.project)
        wanted = str(again.public_id) if again else None
        if not request.htmx:
            return redirect(resolve_url("compare", slug) + (f"?assignment={wanted}" if wanted else ""))
    template = "compare.html" if not request.htmx else f"compare.html#{'answer' if request.POST else 'pair'}"
    return render(request, template, _screen(request.user, membership, wanted))


def _act(request: SignedInRequest, project: Project) -> Assignment | None:
    """Do what was pressed and say how it went; return the assignment that an undo lent again."""
    actions = {"choice": _record, "skip": _skip, "undo": _undo}
    for name, act in actions.items():
        if name in request.POST:
            try:
                return act(request, project)
            except Conflict as refusal:  # it was done before: say so, and go on with the next pair
                messages.warning(request, refusal.message)
                return None
    raise InvalidInput("Nothing was chosen. Press one of the buttons below the pair.")


def _record(request: SignedInRequest, project: Project) -> None:
    form = VerdictForm(request.POST)
    sent = checked(form)
    assignment = _own_assignment(request.user, project, sent["assignment"])
    choice = Choice(sent["choice"])
    comparison, _ = record_comparison(
        assignment=assignment,
        outcome=as_stored(choice, first_on_left=assignment.first_on_left),
        client_key=sent["client_key"],
        by=request.user,
        timing=form.timing(),
    )
    if comparison.retracted_at:  # sent again after an undo: it is not to look saved
        raise Conflict("You took this verdict back after it was first sent. Judge the pair again.")
    messages.success(request, SAVED[choice])


def _skip(request: SignedInRequest, project: Project) -> None:
    sent = checked(SkipForm(request.POST))
    assignment = _own_assignment(request.user, project, sent["assignment"])
    skip_assignment(assignment=assignment, reason=sent["skip"], by=request.user)
    messages.success(request, "Given back without a verdict: the pair goes to somebody else.")


def _undo(request: SignedInRequest, project: Project) -> Assignment | None:
    own = Comparison.objects.select_related("assignment__project", "assignment__annotator", "project")
    comparison = own.filter(
        public_id=checked(UndoForm(request.POST))["undo"], project=project, assignment__annotator=request.user
    ).first()
    if comparison is None:
        raise NotFound("There is no such verdict of yours.")
    retract_comparison(comparison=comparison, by=request.user)
    again = lease_again(comparison.assignment) if project.accepts_comparisons else None
    messages.success(request, "Undone. Judge it again." if again else "Undone: the pair goes to somebody else.")
    return again


def _own_assignment(user: User, project: Project, public_id: UUID) -> Assignment:
    own = Assignment.objects.select_related("project", "pair").filter(annotator=user, project=project)
    if assignment := own.filter(public_id=public_id).first():
        return assignment
    raise NotFound("There is no such assignment. Reload the page to get the next pair.")


def _screen(user: User, membership: Membership, wanted: str | None) -> dict[str, Any]:
    """Return what the template shows: a pair, or why there is none."""
    project = membership.project
    assignment = _pair_to_show(user, project, wanted)
    idle = project.accepts_comparisons and not assignment
    return {
        "membership": membership,
        "project": project,
        "assignment": assignment,
        "sides": _sides(assignment) if assignment else (),
        "client_key": uuid4(),
        "waiting": waiting(project, user) if idle else None,
        "progress": progress(project, user),
        "undoable": undoable(project, user),
        "offered": set(project.offered_outcomes) - {Outcome.FIRST, Outcome.SECOND},
        "reasons": SkipReason,
    }


def _pair_to_show(user: User, project: Project, wanted: str | None) -> Assignment | None:
    """Return the pair that was asked for if it is still lent to the user, else their next one."""
    if not project.accepts_comparisons:
        return None
    held = held_by(user, project) if wanted else []
    asked_for = [assignment for assignment in held if str(assignment.public_id) == wanted]
    return next(iter(asked_for or lease_pairs(project=project, annotator=user)), None)


def _sides(assignment: Assignment) -> tuple[tuple[str, str], ...]:
    """Return (label, text) in the order shown; nothing else of a response reaches the annotator."""
    pair = assignment.pair
    left, right = left_and_right(pair.first.text, pair.second.text, first_on_left=assignment.first_on_left)
    return ("A", left), ("B", right)
