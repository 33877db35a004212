"""Sign in with a one-time link. Opening it spends nothing, so that a mail program's preview cannot use it up."""

from django.contrib import messages
from django.contrib.auth import login as start_session
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotate.services.accounts import open_sign_in_link, spend_sign_in_link

PASSWORD_BACKEND = "annotate.sessions.PasswordBackend"  # noqa: S105


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    if request.method == "GET":
        return render(request, "link.html", {"link": open_sign_in_link(token)})
    user = spend_sign_in_link(token=token)
    start_session(request, user, backend=PASSWORD_BACKEND)
    if not user.has_usable_password():
        messages.info(request, "That link is used up. Set a password in your account to come back without a new one.")
    return redirect("projects")
