"""Answer the script of a judging page: what became of a press, and what the page has not yet, as named parts.

docs/compare-screen.md describes the parts. A press names its person (`by`), what the page has (`have`), what it is
leaving (`leave`), or that somebody is still looking (`renew`).
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url

from annotate.models import Membership
from annotate.services.assigning import renew_leases
from annotate.services.errors import Conflict, Refusal
from annotate.services.leaving import leave_leases
from annotate.views.judging import Done
from annotate.views.requests import SignedInRequest

Act = Callable[[SignedInRequest, Membership], Done]
Screen = Callable[[SignedInRequest, Membership, Done], dict[str, Any]]


def answer(request: SignedInRequest, membership: Membership, *, act: Act, screen: Screen) -> HttpResponse:
    """Do what was pressed with `act` and answer with what `screen` then shows; a refusal is part of the answer."""
    if _somebody_else(request):
        return render(request, "other_login.html", status=401)
    project, user = membership.project, request.user
    if "leave" in request.POST:
        leave_leases(project=project, annotator=user, only=ids(request.POST.getlist("leave")))
        return HttpResponse(status=204)
    done, status = Done(), 200
    if "renew" in request.POST:
        renew_leases(project=project, annotator=user)
    elif request.method == "POST":
        done, status = _done(request, membership, act)
    return render(request, "_answer.html", screen(request, membership, done), status=status)


def redirected(request: SignedInRequest, membership: Membership, *, act: Act, screen: str, names: str) -> HttpResponse:
    """Do what was pressed and answer a browser that runs no script. `names`: how the page's address names a sheet."""
    done = Done()
    try:
        done = act(request, membership)
    except Conflict as refusal:  # it was done before: say so, and go on with what is next
        messages.warning(request, refusal.message)
    page = resolve_url(screen, membership.project.slug)
    return redirect(f"{page}?{names}={done.in_front}" if done.in_front else page)


def asked_for(request: SignedInRequest, names: str) -> Done:
    """Return that a sheet is to be in front, where the page's address names one."""
    return Done(in_front=next(iter(ids(request.GET.getlist(names))), None))


def here(request: SignedInRequest) -> set[UUID]:
    """Return the ids of what the page has already and need not be sent."""
    return set(ids([*request.POST.getlist("have"), *request.GET.getlist("have")]))


def ids(written: list[str]) -> list[UUID]:
    """Return the ids that can be read; what no page of ours sends names nothing."""
    read = []
    for text in written:
        with suppress(ValueError):
            read.append(UUID(text))
    return read


def _somebody_else(request: SignedInRequest) -> bool:
    """Say whether the page was opened by another person, who was signed in to this browser before."""
    return request.POST.get("by", str(request.user.public_id)) != str(request.user.public_id)


def _done(request: SignedInRequest, membership: Membership, act: Act) -> tuple[Done, int]:
    """Do what was pressed; return what it led to and the status of the answer."""
    try:
        return act(request, membership), 200
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return Done(), refusal.status
