"""The annotator's screen of a ranking project: several responses at once, to be put in order."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from annotate.forms import SkipReason, UndoForm, checked
from annotate.keys import keys_of
from annotate.models import Membership, Project, Ranking, Response
from annotate.permissions import membership_in
from annotate.selectors.lineups import held_ranking, undoable_ranking
from annotate.selectors.progress import progress
from annotate.selectors.waiting import waiting
from annotate.services.errors import Conflict, InvalidInput, NotFound
from annotate.services.leaks import shown_text
from annotate.services.ranking import (
    lease_ranking,
    lease_ranking_again,
    record_ranking,
    retract_ranking,
    skip_ranking,
)
from annotate.verdict_forms import OrderForm
from annotate.views.requests import SignedInRequest


class SkipRankingForm(forms.Form):
    ranking = forms.UUIDField()
    skip = forms.ChoiceField(choices=SkipReason.choices)


@dataclass(frozen=True)
class Card:
    """One response as it is shown: its number in the order shown, and its text."""

    number: int
    text: str


@vary_on_headers("HX-Request")
@never_cache
@require_http_methods(["GET", "POST"])
def rank(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show a lineup; take an order, a skip or an undo, whichever the pressed button's name says."""
    membership = membership_in(request.user, slug)
    if request.method == "POST":  # also what was ranked before the project began to ask for pairs
        _act(request, membership)
        return redirect("rank", slug)
    if membership.project.outcomes != Project.Outcomes.RANKING:
        return redirect("compare", slug)
    return render(request, "rank.html", _screen(request, membership))


def _act(request: SignedInRequest, membership: Membership) -> None:
    """Do what was pressed and say how it went."""
    actions = {"skip": _skip, "undo": _undo, "send": _record}
    for name, action in actions.items():
        if name in request.POST:
            try:
                return action(request, membership)
            except Conflict as refusal:  # it was done before: say so, and go on
                return messages.warning(request, refusal.message)
    raise InvalidInput("Nothing was chosen. Press one of the buttons below the responses.")


def _record(request: SignedInRequest, membership: Membership) -> None:
    form = OrderForm(request.POST)
    sent = checked(form)
    ranking = _own_ranking(membership, sent["ranking"])
    stored, _ = record_ranking(
        ranking=ranking,
        tiers=form.tiers(ranking.lineup),
        client_key=sent["client_key"],
        by=request.user,
        comment=sent["comment"],
        timing=form.timing(),
        guideline_version=membership.guidelines_read or None,
    )
    if stored.retracted_at:  # sent again after an undo: it is not to look saved
        raise Conflict("You took this order back after it was first sent. Rank the responses again.")
    messages.success(request, "Saved.")


def _skip(request: SignedInRequest, membership: Membership) -> None:
    sent = checked(SkipRankingForm(request.POST))
    skip_ranking(ranking=_own_ranking(membership, sent["ranking"]), reason=sent["skip"], by=request.user)
    messages.success(request, "Given back without an order: the responses go to somebody else.")


def _undo(request: SignedInRequest, membership: Membership) -> None:
    ranking = _own_ranking(membership, checked(UndoForm(request.POST))["undo"])
    undone_now = retract_ranking(ranking=ranking, by=request.user)
    if undone_now and membership.project.accepts_comparisons:
        again = lease_ranking_again(ranking)
    else:
        held = held_ranking(membership.project, membership.user)
        again = held if held and held.lineup == ranking.lineup else None
    messages.success(request, "Undone. Rank them again." if again else "Undone: the responses go to somebody else.")


def _own_ranking(membership: Membership, public_id: UUID) -> Ranking:
    own = Ranking.objects.select_related("project", "annotator", "prompt")
    ranking = own.filter(public_id=public_id, annotator=membership.user, project=membership.project).first()
    if ranking is None:
        raise NotFound("There is no such ranking. Reload the page to get the next one.")
    return ranking


def _screen(request: SignedInRequest, membership: Membership) -> dict[str, Any]:
    """Return what the template shows: a lineup, or why there is none."""
    project = membership.project
    open_now = project.accepts_comparisons and not membership.has_guidelines_to_read
    ranking = lease_ranking(project=project, annotator=request.user) if open_now else None
    return {
        "membership": membership,
        "project": project,
        "ranking": ranking,
        "cards": _cards(ranking, project) if ranking else [],
        "client_key": uuid4(),
        "waiting": waiting(project, request.user) if project.accepts_comparisons and not ranking else None,
        "progress": progress(membership),
        "undoable": undoable_ranking(project, request.user),
        "keys": keys_of(request.user.key_preset),
        "reasons": SkipReason,
    }


def _cards(ranking: Ranking, project: Project) -> list[Card]:
    responses = Response.objects.in_bulk(ranking.lineup)
    return [Card(number, shown_text(responses[one], project)) for number, one in enumerate(ranking.lineup, 1)]
