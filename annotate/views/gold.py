"""A project's gold pairs: their answers, how they were answered, and making further pairs gold; for its admins."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotate.forms import checked
from annotate.models import Outcome, Pair, Project, Role
from annotate.permissions import membership_in
from annotate.selectors.gold import gold_pairs, pairs_to_make_gold
from annotate.services.errors import InvalidInput, NotFound
from annotate.services.gold import LONGEST_NOTE, clear_gold, set_gold
from annotate.views.requests import SignedInRequest

PER_PAGE = 20
MOST_FOUND = 10
SAID = {
    Outcome.FIRST: "The first is better",
    Outcome.SECOND: "The second is better",
    Outcome.TIE: "A tie",
    Outcome.BOTH_BAD: "Both are bad",
}


class PairForm(forms.Form):
    pair = forms.UUIDField()


class AnswerForm(PairForm):
    outcome = forms.ChoiceField(choices=Outcome.choices)
    note = forms.CharField(required=False, max_length=LONGEST_NOTE)


@never_cache
@require_http_methods(["GET", "POST"])
def gold(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the gold pairs and those that a search finds; set or clear an answer."""
    membership = membership_in(request.user, slug, role=Role.ADMIN)
    project = membership.project
    if request.method == "POST":
        _act(request, project)
        return redirect(request.get_full_path())
    words = request.GET.get("q", "")[:200]
    page = Paginator(gold_pairs(project), PER_PAGE).get_page(request.GET.get("page"))
    found = list(pairs_to_make_gold(project, words)[: MOST_FOUND + 1])
    context = {
        "membership": membership,
        "project": project,
        "page": page,
        "words": words,
        "found": found[:MOST_FOUND],
        "more": len(found) > MOST_FOUND,
        "answers": [(outcome, SAID[outcome]) for outcome in project.offered_outcomes],
        "longest_note": LONGEST_NOTE,
    }
    return render(request, "gold.html", context)


def _act(request: SignedInRequest, project: Project) -> None:
    if "clear" in request.POST:
        clear_gold(pair=_pair(project, checked(PairForm(request.POST))), by=request.user)
        messages.success(request, "The answer is cleared. The pair is an ordinary one again.")
    elif "set" in request.POST:
        _set(request, project)
    else:
        raise InvalidInput("Nothing was chosen. Press one of the buttons below a pair.")


def _set(request: SignedInRequest, project: Project) -> None:
    sent = checked(AnswerForm(request.POST))
    outcome = Outcome(sent["outcome"])
    try:
        set_gold(pair=_pair(project, sent), outcome=outcome, by=request.user, note=sent["note"])
    except InvalidInput as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, f"Saved: {SAID[outcome].lower()}. The pair is gold.")


def _pair(project: Project, sent: dict[str, object]) -> Pair:
    pair = Pair.objects.select_related("project").filter(project=project, public_id=sent["pair"]).first()
    if pair is None:
        raise NotFound("There is no such pair in this project. Search for it on the page of gold pairs.")
    return pair
