"""One's own comparisons in a project: search them, reopen a recent one, see one's speed and consistency."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotate.forms import SearchForm, UndoForm, checked
from annotate.models import Comparison, Project
from annotate.permissions import membership_in
from annotate.selectors.history import own_figures, own_history, reopenable
from annotate.services.errors import Conflict, NotFound
from annotate.services.leaks import shown_text
from annotate.sides import as_shown, left_and_right
from annotate.views.judging import SAID, take_back
from annotate.views.requests import SignedInRequest

PER_PAGE = 20


@dataclass(frozen=True)
class Judged:
    """One comparison in the words and the order in which its annotator saw it."""

    comparison: Comparison
    prompt: str
    responses: tuple[tuple[str, str], ...]
    verdict: str
    may_reopen: bool


@never_cache
@require_http_methods(["GET", "POST"])
def history(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what one judged, or take one verdict back and show its pair again."""
    membership = membership_in(request.user, slug)
    project = membership.project
    if request.method == "POST":
        return _reopen(request, project)
    search = SearchForm(request.GET)
    words = search.cleaned_data["q"] if search.is_valid() else ""
    page = Paginator(own_history(project, request.user, search=words), PER_PAGE).get_page(request.GET.get("page"))
    still_open = reopenable(project, request.user)
    context = {
        "membership": membership,
        "project": project,
        "search": search,
        "words": words,
        "page": page,
        "judged": [_judged(comparison, membership.project, still_open) for comparison in page],
        "figures": own_figures(project, request.user),
    }
    return render(request, "history.html", context)


def _reopen(request: SignedInRequest, project: Project) -> HttpResponse:
    own = Comparison.objects.select_related("assignment__project", "assignment__annotator", "project")
    public_id = checked(UndoForm(request.POST))["undo"]
    comparison = own.filter(public_id=public_id, project=project, assignment__annotator=request.user).first()
    if comparison is None:
        raise NotFound("There is no such verdict of yours.")
    try:
        again = take_back(request, comparison)
    except Conflict as refusal:
        messages.warning(request, refusal.message)
        again = None
    return redirect(f"{resolve_url('compare', project.slug)}?assignment={again}" if again else request.get_full_path())


def _judged(comparison: Comparison, project: Project, still_open: set[int]) -> Judged:
    assignment = comparison.assignment
    pair, on_left = assignment.pair, assignment.first_on_left
    shown = (shown_text(response, project) for response in (pair.first, pair.second))
    texts = left_and_right(*shown, first_on_left=on_left)
    said = SAID[as_shown(comparison.outcome, first_on_left=on_left)]
    return Judged(
        comparison=comparison,
        prompt=str(pair.prompt.messages[-1]["content"]),
        responses=tuple(zip("AB", texts, strict=True)),
        verdict=said[0].upper() + said[1:].rstrip("."),
        may_reopen=comparison.pk in still_open,
    )
