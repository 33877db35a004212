"""The annotator's screen: a pair and those ahead of it; the answer to whatever was pressed brings further pairs.

A browser with a script sends each press on its own (HX-Request) and gets parts of the page, by name; one without sends
the form and is redirected. docs/compare-screen.md describes the parts.
"""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from annotate.forms import SkipReason
from annotate.keys import keys_of
from annotate.models import Assignment, Membership
from annotate.permissions import membership_in
from annotate.selectors.progress import progress
from annotate.selectors.undoable import undoable
from annotate.selectors.waiting import waiting
from annotate.services.assigning import held_by, lease_pairs
from annotate.views.answering import answer, asked_for, here, redirected
from annotate.views.judging import AT_ONCE, Done, act
from annotate.views.outcomes import points
from annotate.views.requests import SignedInRequest
from annotate.views.sheets import sheets_of


@vary_on_headers("HX-Request")
@never_cache
@require_http_methods(["GET", "POST"])
def compare(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show pairs; do what the pressed button's name says, or what the script asks for in the page's name."""
    membership = membership_in(request.user, slug)
    if request.htmx:
        return answer(request, membership, act=act, screen=_screen)
    if request.method == "POST":
        return redirected(request, membership, act=act, screen="compare", names="assignment")
    if membership.project.asks_for_rankings:
        return redirect("rank", slug)
    return render(request, "compare.html", _screen(request, membership, asked_for(request, "assignment")))


def _screen(request: SignedInRequest, membership: Membership, done: Done) -> dict[str, Any]:
    """Return what the template shows: pairs, or why there is none."""
    project, user = membership.project, request.user
    held = done.held if done.held is not None else _held(membership, done.in_front)
    if membership.has_guidelines_to_read:
        held = []
    has = here(request)
    return {
        "membership": membership,
        "project": project,
        "held": held,
        "sheets": sheets_of([one for one in held if one.public_id not in has], in_front=done.in_front),
        "sheet_template": "_sheet.html",
        "waiting": waiting(project, user) if project.accepts_comparisons and not held else None,
        "progress": progress(membership),
        "undoable": undoable(project, user),
        "outcomes": f"_outcomes_{project.outcomes}.html",
        "points": points(project),
        "feedback": done.feedback,
        "keys": keys_of(user.key_preset),
        "reasons": SkipReason,
    }


def _held(membership: Membership, in_front: UUID | None) -> list[Assignment]:
    """Return the pairs lent to the user, topped up; none while the project lends none or has something to be read."""
    project, user = membership.project, membership.user
    if not project.accepts_comparisons or project.asks_for_rankings or membership.has_guidelines_to_read:
        return []
    held = lease_pairs(project=project, annotator=user, n=AT_ONCE)
    missing = in_front and all(one.public_id != in_front for one in held)  # undone: lent beyond the number at once
    return held_by(user, project) if missing else held
