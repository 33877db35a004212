"""What every page has in common: refusals become pages that say what to do next, and no answer is kept by a cache."""

import logging
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from annotate.services.errors import InvalidInput, NotFound, Refusal

RETRY_AFTER_SECONDS = 5
API = "/api/"  # which has answers of its own (annotate/api/errors.py)
Answer = Callable[[HttpRequest], HttpResponse]
logger = logging.getLogger(__name__)


class RefusalMiddleware:
    """The one place where refusals become pages. It stands before whatever asks who is signed in."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Refuse what no database can look up, and find out here whether the database answers at all."""
        if request.path.startswith(API):
            return None
        if "%00" in request.META.get("QUERY_STRING", ""):
            return _page(request, InvalidInput("The address holds a NUL character. Remove %00 from it."))
        try:
            bool(request.user.is_authenticated)
        except (OperationalError, InterfaceError) as error:
            return _unavailable(error)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError | InterfaceError):
            return _unavailable(exception)
        if isinstance(exception, Http404):
            exception = NotFound("There is no such page. Go back, or start from your projects.")
        return _page(request, exception) if isinstance(exception, Refusal) else None


class NoStoreMiddleware:
    """Let no cache, the browser's own among them, keep what only its reader may see."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store, private")
        return response


def _page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return render(request, "refusal.html", {"refusal": refusal}, status=refusal.status)


def _unavailable(error: Exception) -> HttpResponse:
    """Answer without asking the database for anything, not even for who is signed in."""
    logger.error("the database did not answer: %s", error)
    page = render_to_string("unavailable.html", {"seconds": RETRY_AFTER_SECONDS})
    return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
