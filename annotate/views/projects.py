"""The signed-in person's projects."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotate.selectors.own_projects import own_projects
from annotate.views.requests import SignedInRequest


@require_GET
def projects(request: SignedInRequest) -> HttpResponse:
    return render(request, "projects.html", {"memberships": own_projects(request.user)})
