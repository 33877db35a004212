"""Join a project by an invitation link, with the account that is signed in or with a new one."""

from django.contrib import messages
from django.contrib.auth import login as start_session
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotate.forms import JoinForm
from annotate.models import User
from annotate.services.accounts import create_user
from annotate.services.errors import InvalidInput
from annotate.services.members import accept_invitation, open_invitation
from annotate.views.link import PASSWORD_BACKEND
from annotate.views.requests import SignedInRequest


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def invite(request: SignedInRequest, token: str) -> HttpResponse:
    invitation = open_invitation(token)
    form = JoinForm(request.POST or None)
    if request.method == "POST" and request.user.is_authenticated:
        return _welcome(request, token, request.user)
    if request.method == "POST" and form.is_valid():
        try:
            return _join_as_new(request, token, form.cleaned_data["username"])
        except InvalidInput as refusal:
            form.add_error("username", refusal.message)
    return render(request, "invite.html", {"invitation": invitation, "form": form})


@transaction.atomic
def _join_as_new(request: SignedInRequest, token: str, username: str) -> HttpResponse:
    """Make the account and the membership, both or neither, and sign the person in."""
    user = create_user(username=username)
    response = _welcome(request, token, user)
    start_session(request, user, backend=PASSWORD_BACKEND)
    messages.info(request, "Set a password in your account, so that you can sign in again on another day.")
    return response


def _welcome(request: SignedInRequest, token: str, user: User) -> HttpResponse:
    membership = accept_invitation(token=token, user=user)
    messages.success(request, f"You are now {membership.get_role_display().lower()} of {membership.project}.")
    return redirect("overview", membership.project.slug)
