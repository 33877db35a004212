"""One's own account: password, API tokens, how this browser shows the site, and what is stored about oneself."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from annotate.forms import BrowserForm, KeysForm, RevokeForm, TokenForm, checked
from annotate.models import ApiToken
from annotate.selectors.own_data import own_data
from annotate.services.accounts import create_token, revoke_token
from annotate.views.requests import SignedInRequest

COOKIE_SECONDS = 365 * 86_400


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def account(request: SignedInRequest) -> HttpResponse:
    """Show the account, or do what the pressed button's name says."""
    actions = {"password": _password, "token": _token, "revoke": _revoke, "browser": _browser, "keys": _keys}
    for name, act in actions.items():
        if name in request.POST:
            return act(request)
    return _page(request)


def _password(request: SignedInRequest) -> HttpResponse:
    form = _password_form(request)
    if not form.is_valid():
        return _page(request, password_form=form)
    update_session_auth_hash(request, form.save())
    messages.success(request, "Your password is set. Other browsers have been signed out.")
    return redirect("account")


def _token(request: SignedInRequest) -> HttpResponse:
    """Make a token and show it in this very answer: it is stored nowhere, so no redirect could show it."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, token_form=form)
    scope = ApiToken.Scope(form.cleaned_data["scope"])
    token = create_token(user=request.user, scope=scope, name=form.cleaned_data["name"])
    return _page(request, new_token=token)


def _revoke(request: SignedInRequest) -> HttpResponse:
    revoke_token(user=request.user, token_key=checked(RevokeForm(request.POST))["revoke"])
    messages.success(request, "The token is revoked: programs that use it are refused from now on.")
    return redirect("account")


def _browser(request: SignedInRequest) -> HttpResponse:
    form = BrowserForm(request.POST)
    response = redirect("account")
    for name, value in form.cleaned_data.items() if form.is_valid() else ():
        response.set_cookie(
            name, value, max_age=COOKIE_SECONDS, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    return response


def _keys(request: SignedInRequest) -> HttpResponse:
    form = KeysForm(request.POST, instance=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, "Your keys are set.")
    return redirect("account")


def _password_form(request: SignedInRequest) -> SetPasswordForm:
    """Return the form that asks for the old password where there is one."""
    kind = PasswordChangeForm if request.user.has_usable_password() else SetPasswordForm
    form = kind(request.user, request.POST if "password" in request.POST else None)
    form.fields["new_password1"].help_text = "12 characters or more; no common one, and not your name."
    form.fields["new_password2"].label, form.fields["new_password2"].help_text = "The new password again", ""
    return form


def _page(request: SignedInRequest, **shown: object) -> HttpResponse:
    context = {
        "password_form": _password_form(request),
        "token_form": TokenForm(),
        "browser_form": BrowserForm(initial={"theme": request.COOKIES.get("theme", "auto")}),
        "keys_form": KeysForm(instance=request.user),
        "own": own_data(request.user),
    }
    return render(request, "account.html", context | shown)
