"""The annotator's screen of a ranking project: several responses at once, to be put in order."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from annotate.forms import SkipReason, UndoForm, checked
from annotate.keys import keys_of
from annotate.models import Membership, Ranking, Response
from annotate.permissions import membership_in
from annotate.selectors.lineups import held_rankings, responses_of, undoable_ranking
from annotate.selectors.progress import progress
from annotate.selectors.waiting import waiting
from annotate.services.errors import Conflict, InvalidInput, NotFound
from annotate.services.leaks import shown_text
from annotate.services.ranking import (
    lease_ranking_again,
    lease_rankings,
    record_ranking,
    retract_ranking,
    skip_ranking,
)
from annotate.verdict_forms import OrderForm
from annotate.views.answering import answer, asked_for, here, redirected
from annotate.views.judging import Done
from annotate.views.requests import SignedInRequest

AT_ONCE = 2  # the lineup on screen and one ahead of it: each takes the slots of all its pairs from others


class SkipRankingForm(forms.Form):
    ranking = forms.UUIDField()
    skip = forms.ChoiceField(choices=SkipReason.choices)


@dataclass(frozen=True)
class Card:
    """One response as it is shown: its number in the order shown, and its text."""

    number: int
    text: str


@dataclass(frozen=True)
class Lineup:
    """One ranking as it is shown. `client_key` is for a browser that runs no script; a script makes its own."""

    ranking: UUID
    turns: list[dict[str, Any]]
    cards: list[Card]
    in_front: bool
    client_key: UUID = field(default_factory=uuid4)


@vary_on_headers("HX-Request")
@never_cache
@require_http_methods(["GET", "POST"])
def rank(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show a lineup; take an order, a skip or an undo, whichever the pressed button's name says."""
    membership = membership_in(request.user, slug)
    if request.htmx:
        return answer(request, membership, act=_act, screen=_screen)
    if request.method == "POST":
        return redirected(request, membership, act=_act, screen="rank", names="ranking")
    if not membership.project.asks_for_rankings:
        return redirect("compare", slug)
    return render(request, "rank.html", _screen(request, membership, asked_for(request, "ranking")))


def _act(request: SignedInRequest, membership: Membership) -> Done:
    """Do what was pressed and say how it went; also with what was ranked before the project began to ask for pairs."""
    actions = {"skip": _skip, "undo": _undo, "send": _record}
    for name, action in actions.items():
        if name in request.POST:
            return action(request, membership)
    raise InvalidInput("Nothing was chosen. Press one of the buttons below the responses.")


def _record(request: SignedInRequest, membership: Membership) -> Done:
    form = OrderForm(request.POST)
    sent = checked(form)
    ranking = _own_ranking(membership, Q(public_id=sent["ranking"]))
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
    return Done()


def _skip(request: SignedInRequest, membership: Membership) -> Done:
    sent = checked(SkipRankingForm(request.POST))
    ranking = _own_ranking(membership, Q(public_id=sent["ranking"]))
    skip_ranking(ranking=ranking, reason=sent["skip"], by=request.user)
    messages.success(request, "Given back without an order: the responses go to somebody else.")
    return Done()


def _undo(request: SignedInRequest, membership: Membership) -> Done:
    key = checked(UndoForm(request.POST))["undo"]
    ranking = _own_ranking(membership, Q(public_id=key) | Q(client_key=key))
    undone_now = retract_ranking(ranking=ranking, by=request.user)
    again = lease_ranking_again(ranking) if undone_now and membership.project.accepts_comparisons else None
    if again is None:  # sent again, or lent to another tab in between
        held = held_rankings(membership.project, membership.user)
        again = next((one for one in held if sorted(one.lineup) == sorted(ranking.lineup)), None)
    messages.success(request, "Undone. Rank them again." if again else "Undone: the responses go to somebody else.")
    return Done(in_front=again and again.public_id)


def _own_ranking(membership: Membership, named: Q) -> Ranking:
    own = Ranking.objects.select_related("project", "annotator", "prompt")
    ranking = own.filter(named, annotator=membership.user, project=membership.project).first()
    if ranking is None:
        raise NotFound("There is no such ranking. Reload the page to get the next one.")
    return ranking


def _screen(request: SignedInRequest, membership: Membership, done: Done) -> dict[str, Any]:
    """Return what the template shows: lineups, or why there is none."""
    project = membership.project
    held, has = _held(membership), here(request)
    return {
        "membership": membership,
        "project": project,
        "held": held,
        "sheets": _lineups([one for one in held if one.public_id not in has], in_front=done.in_front),
        "sheet_template": "_lineup.html",
        "turned_to_pairs": not project.asks_for_rankings,
        "waiting": waiting(project, request.user) if project.accepts_comparisons and not held else None,
        "progress": progress(membership),
        "undoable": undoable_ranking(project, request.user),
        "outcomes": "_outcomes_ranking.html",
        "keys": keys_of(request.user.key_preset),
        "reasons": SkipReason,
    }


def _held(membership: Membership) -> list[Ranking]:
    """Return the rankings lent to the user, topped up; none while nothing is lent or something is to be read."""
    project = membership.project
    if not (project.accepts_comparisons and project.asks_for_rankings) or membership.has_guidelines_to_read:
        return []
    return lease_rankings(project=project, annotator=membership.user, n=AT_ONCE)


def _lineups(rankings: list[Ranking], *, in_front: UUID | None) -> list[Lineup]:
    """Return the lineups of the rankings in their order; the one asked for comes first."""
    responses = responses_of(rankings)
    ordered = sorted(rankings, key=lambda ranking: ranking.public_id != in_front)
    return [_lineup(one, responses, in_front=one.public_id == in_front) for one in ordered]


def _lineup(ranking: Ranking, responses: dict[int, Response], *, in_front: bool) -> Lineup:
    texts = [shown_text(responses[one], ranking.project) for one in ranking.lineup]
    cards = [Card(number, text) for number, text in enumerate(texts, 1)]
    return Lineup(ranking.public_id, ranking.prompt.messages, cards, in_front)
