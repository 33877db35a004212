"""Sign in with a password, and sign out."""

from django.contrib.auth import login as start_session
from django.contrib.auth import logout as end_session
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from annotate.views.requests import SignedInRequest


@sensitive_post_parameters("password")
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: SignedInRequest) -> HttpResponse:
    """Ask for name and password. The answer is the same for unknown names and wrong passwords."""
    if request.htmx:  # a fragment asked for after the session ended: it must never become part of that page
        return render(request, "signed_out.html", {"next": _next(request)}, status=401)
    if request.user.is_authenticated:
        return redirect("projects")
    form = AuthenticationForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        start_session(request, form.get_user())
        return redirect(_next(request))
    return render(request, "login.html", {"form": form, "next": _next(request)})


@login_not_required
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    end_session(request)
    return redirect("login")


def _next(request: HttpRequest) -> str:
    """Return where to go after signing in: only ever a page of this site."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else resolve_url("projects")
