"""What an admin does to members and invitations on the settings screen.

Each returns what the screen is to show at once, or None where it is shown anew after a redirect.
"""

from django.contrib import messages
from django.urls import reverse

from annotate.forms import InvitationForm, MemberForm, RoleForm, WithdrawForm, checked
from annotate.models import Project, Role, User
from annotate.selectors.members import members
from annotate.services.errors import NotFound
from annotate.services.members import create_invitation, let_member_in, remove_member, set_member, withdraw_invitation
from annotate.views.requests import SignedInRequest

Shown = dict[str, object] | None


def _change_role(request: SignedInRequest, project: Project) -> Shown:
    role = Role(checked(RoleForm(request.POST))["role"])
    user = _member(request, project)
    set_member(project=project, user=user, role=role, by=request.user)
    messages.success(request, f"{user} is now {role.label.lower()}.")
    return None


def _remove(request: SignedInRequest, project: Project) -> Shown:
    user = _member(request, project)
    remove_member(project=project, user=user, by=request.user)
    messages.success(request, f"{user} is no longer a member. Their verdicts stay.")
    return None


def _let_in(request: SignedInRequest, project: Project) -> Shown:
    """Make a sign-in link and show it in this very answer: only its hash is stored."""
    user = _member(request, project)
    token = let_member_in(project=project, user=user, by=request.user)
    address = request.build_absolute_uri(reverse("link", args=[token]))
    return {"secret": address, "secret_is": f"A sign-in link for {user}. It works once."}


def _invite(request: SignedInRequest, project: Project) -> Shown:
    """Make an invitation and show its link in this very answer: only its hash is stored."""
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return {"invitation_form": form}
    role, uses = Role(form.cleaned_data["role"]), form.cleaned_data["uses"]
    token = create_invitation(project=project, role=role, uses=uses, by=request.user)
    people = "one person" if uses == 1 else f"{uses} people"
    address = request.build_absolute_uri(reverse("invite", args=[token]))
    return {"secret": address, "secret_is": f"An invitation for {people}, as {role.label.lower()}."}


def _withdraw(request: SignedInRequest, project: Project) -> Shown:
    token_hash = checked(WithdrawForm(request.POST))["withdraw"]
    withdraw_invitation(project=project, token_hash=token_hash, by=request.user)
    messages.success(request, "The invitation is withdrawn: its link opens nothing any more.")
    return None


def _member(request: SignedInRequest, project: Project) -> User:
    public_id = checked(MemberForm(request.POST))["member"]
    if membership := members(project).filter(user__public_id=public_id).first():
        return membership.user
    raise NotFound("There is no such member. They may have been removed meanwhile.")


MEMBER_ACTIONS = {
    "change_role": _change_role,
    "remove": _remove,
    "let_in": _let_in,
    "invite": _invite,
    "withdraw": _withdraw,
}
