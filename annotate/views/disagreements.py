"""Where the head, fitted without it, did not expect a verdict, and any single verdict; for researchers."""

from dataclasses import dataclass, replace
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from annotate.forms import AskAgainForm, checked
from annotate.models import Comparison, Disagreement, Outcome, Project, Role
from annotate.permissions import membership_in
from annotate.selectors.asked_again import flips_of_asked, said_again
from annotate.selectors.disagreements import Moved, comparison_of, moved, other_verdicts
from annotate.selectors.disagreements import disagreements as read_disagreements
from annotate.selectors.studies import flips
from annotate.services.asking_again import MOST_AT_ONCE, ask_again
from annotate.services.errors import Conflict, InvalidInput, NotFound
from annotate.views.judged_pair import Side, judged_pair
from annotate.views.requests import SignedInRequest

PER_PAGE = 10


@dataclass(frozen=True)
class Seen:
    """One verdict in the words of what its annotator saw; `row` where it is a disagreement, `again` if asked again."""

    comparison: Comparison
    chose: str
    sides: tuple[Side, Side]
    row: Disagreement | None = None
    moved: tuple[Moved, ...] = ()
    again: str = ""

    @property
    def can_be_asked(self) -> bool:
        return not self.again and [side.chosen for side in self.sides].count(True) == 1 and not self.expected.chosen

    @property
    def expected(self) -> Side:
        return max(self.sides, key=lambda side: side.p or 0)


@never_cache
@require_http_methods(["GET", "POST"])
def disagreements(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the list, or ask one more person about the disagreements that were chosen."""
    membership = membership_in(request.user, slug, role=Role.RESEARCHER)
    if request.method == "POST":
        _ask_again(request, membership.project)
        return redirect("disagreements", slug)
    badges = [badge for badge in Disagreement.Badge if badge]
    badge = request.GET.get("badge", "") if request.GET.get("badge") in badges else ""
    found = read_disagreements(membership.project, badge=badge)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = list(page)
    what_moved, again = moved(rows), said_again(membership.project, rows)
    context = {
        "membership": membership,
        "project": membership.project,
        "badge": badge,
        "badges": badges,
        "page": page,
        "surprises": [_surprise(row, what_moved[row.pk], again) for row in rows],
        "flips": flips(membership.project),
        "asked": flips_of_asked(membership.project),
        "most": MOST_AT_ONCE,
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
        "surprise": _surprise(row, moved([row])[row.pk], {}) if row else _as_seen(found),
        "others": [_as_seen(other, of=found) for other in other_verdicts(found)],
    }
    return render(request, "disagreement.html", context)


def _ask_again(request: SignedInRequest, project: Project) -> None:
    sent = checked(AskAgainForm(request.POST))
    choice = {"top": sent["top"] or 0} if sent["ask"] == "top" else {"chosen": sent["comparison"]}
    try:
        asked = ask_again(project=project, by=request.user, **choice)
    except (Conflict, InvalidInput) as refusal:
        messages.warning(request, refusal.message)
        return
    counted = [
        f"{n} {what}{pluralize(n)}" for n, what in ((asked.n_surprising, "verdict"), (asked.n_controls, "control"))
    ]
    messages.success(request, f"One more person each is asked about {' and '.join(counted)}.")


def _surprise(row: Disagreement, what_moved: list[Moved], again: dict[int, str]) -> Seen:
    seen = _as_seen(row.comparison, p_first=row.p_left_out)
    said = again.get(row.comparison.assignment.pair_id)
    return replace(seen, row=row, moved=tuple(what_moved), again=_again(row, said))


def _again(row: Disagreement, said: str | None) -> str:
    """Return in words what became of asking again; nothing where it was not."""
    if said is None:
        return ""
    if not said:
        return "asked again, not answered yet"
    if said == row.comparison.outcome:
        return "asked again: the same was said"
    return f"asked again: {'contradicted' if said in (Outcome.FIRST, Outcome.SECOND) else 'neither was preferred'}"


def _as_seen(comparison: Comparison, *, p_first: float | None = None, of: Comparison | None = None) -> Seen:
    """Return a verdict as it was seen. `of`: the verdict whose A and B to speak of instead."""
    pair = judged_pair((of or comparison).assignment, comparison.outcome, p_first=p_first)
    return Seen(comparison=comparison, chose=pair.chose, sides=pair.sides)
