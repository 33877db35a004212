"""Where the head, fitted without it, did not expect a verdict; for researchers."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotate.models import Comparison, Disagreement, Outcome, Role
from annotate.permissions import membership_in
from annotate.selectors.disagreements import disagreements as read_disagreements
from annotate.sides import Choice, as_shown, left_and_right
from annotate.views.requests import SignedInRequest

PER_PAGE = 10
CHOSE = {
    Choice.LEFT: "A is better",
    Choice.RIGHT: "B is better",
    Choice.TIE: "a tie",
    Choice.BOTH_BAD: "both are bad",
}


@dataclass(frozen=True)
class Side:
    """One response as its annotator saw it, and the probability that the head gave to its being better."""

    label: str
    source: str
    text: str
    p: float
    chosen: bool


@dataclass(frozen=True)
class Surprise:
    """One disagreement, in the words of what its annotator saw."""

    row: Disagreement
    comparison: Comparison
    chose: str
    sides: tuple[Side, Side]

    @property
    def expected(self) -> Side:
        return max(self.sides, key=lambda side: side.p)


@never_cache
@require_GET
def disagreements(request: SignedInRequest, slug: str) -> HttpResponse:
    membership = membership_in(request.user, slug, role=Role.RESEARCHER)
    badges = [badge for badge in Disagreement.Badge if badge]
    badge = request.GET.get("badge", "") if request.GET.get("badge") in badges else ""
    found = read_disagreements(membership.project, badge=badge)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "membership": membership,
        "project": membership.project,
        "badge": badge,
        "badges": badges,
        "page": page,
        "surprises": [_as_seen(row) for row in page],
    }
    return render(request, "disagreements.html", context)


def _as_seen(row: Disagreement) -> Surprise:
    assignment, p_first = row.comparison.assignment, row.p_left_out
    pair, first_on_left = assignment.pair, assignment.first_on_left
    left, right = left_and_right(pair.first, pair.second, first_on_left=first_on_left)
    p_left, p_right = left_and_right(p_first, 1 - p_first, first_on_left=first_on_left)
    choice = as_shown(Outcome(row.comparison.outcome), first_on_left=first_on_left)
    return Surprise(
        row=row,
        comparison=row.comparison,
        chose=CHOSE[choice],
        sides=(
            Side("A", left.source, left.text, p_left, choice == Choice.LEFT),
            Side("B", right.source, right.text, p_right, choice == Choice.RIGHT),
        ),
    )
