"""Where the head, fitted without it, did not expect a verdict, and any single verdict; for researchers."""

from dataclasses import dataclass, replace
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotate.models import Comparison, Disagreement, Outcome, Role
from annotate.permissions import membership_in
from annotate.selectors.disagreements import Moved, comparison_of, moved, other_verdicts
from annotate.selectors.disagreements import disagreements as read_disagreements
from annotate.selectors.studies import flips
from annotate.services.errors import NotFound
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
    """One response as its annotator saw it; p is what the head, without the verdict, gave to its being better."""

    label: str
    source: str
    text: str
    chosen: bool
    p: float | None = None


@dataclass(frozen=True)
class Seen:
    """One verdict in the words of what its annotator saw; `row` where it is a disagreement."""

    comparison: Comparison
    chose: str
    sides: tuple[Side, Side]
    row: Disagreement | None = None
    moved: tuple[Moved, ...] = ()

    @property
    def expected(self) -> Side:
        return max(self.sides, key=lambda side: side.p or 0)


@never_cache
@require_GET
def disagreements(request: SignedInRequest, slug: str) -> HttpResponse:
    membership = membership_in(request.user, slug, role=Role.RESEARCHER)
    badges = [badge for badge in Disagreement.Badge if badge]
    badge = request.GET.get("badge", "") if request.GET.get("badge") in badges else ""
    found = read_disagreements(membership.project, badge=badge)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = list(page)
    what_moved = moved(rows)
    context = {
        "membership": membership,
        "project": membership.project,
        "badge": badge,
        "badges": badges,
        "page": page,
        "surprises": [_surprise(row, what_moved[row.pk]) for row in rows],
        "flips": flips(membership.project),
    }
    return render(request, "disagreements.html", context)


@never_cache
@require_GET
def disagreement(request: SignedInRequest, slug: str, comparison: UUID) -> HttpResponse:
    """Show one verdict: as a disagreement where it is one, and what others said of its pair."""
    membership = membership_in(request.user, slug, role=Role.RESEARCHER)
    row = read_disagreements(membership.project).filter(comparison__public_id=comparison).first()
    found = row.comparison if row else comparison_of(membership.project, comparison)
    if found is None:
        raise NotFound("There is no such comparison in this project.")
    context = {
        "membership": membership,
        "project": membership.project,
        "surprise": _surprise(row, moved([row])[row.pk]) if row else _as_seen(found),
        "others": [_as_seen(other, of=found) for other in other_verdicts(found)],
    }
    return render(request, "disagreement.html", context)


def _surprise(row: Disagreement, what_moved: list[Moved]) -> Seen:
    seen = _as_seen(row.comparison, p_first=row.p_left_out)
    return replace(seen, row=row, moved=tuple(what_moved))


def _as_seen(comparison: Comparison, *, p_first: float | None = None, of: Comparison | None = None) -> Seen:
    """Return a verdict as it was seen. `of`: the verdict whose A and B to speak of instead."""
    pair = (of or comparison).assignment.pair
    first_on_left = (of or comparison).assignment.first_on_left
    left, right = left_and_right(pair.first, pair.second, first_on_left=first_on_left)
    p_left, p_right = left_and_right(p_first, None if p_first is None else 1 - p_first, first_on_left=first_on_left)
    choice = as_shown(Outcome(comparison.outcome), first_on_left=first_on_left)
    return Seen(
        comparison=comparison,
        chose=CHOSE[choice],
        sides=(
            Side("A", left.source, left.text, choice == Choice.LEFT, p_left),
            Side("B", right.source, right.text, choice == Choice.RIGHT, p_right),
        ),
    )
