"""A project at a glance: the loop for researchers, their own progress for annotators."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from annotate.models import Role
from annotate.permissions import membership_in
from annotate.selectors.overview import overview as read_overview
from annotate.selectors.progress import judged_in_all, progress
from annotate.views.requests import SignedInRequest


@vary_on_headers("HX-Request")
@never_cache
@require_GET
def overview(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the page, or the numbers alone to the page that refreshes itself."""
    membership = membership_in(request.user, slug)
    context = {
        "membership": membership,
        "project": membership.project,
        "progress": progress(membership),
        "judged_in_all": judged_in_all(membership.project, request.user),
        "loop": read_overview(membership.project) if membership.may(Role.RESEARCHER) else None,
    }
    return render(request, "overview.html#numbers" if request.htmx else "overview.html", context)
