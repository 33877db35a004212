"""Who belongs to a project: members, their roles, and the invitations by which people join."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from annotate.models import ApiToken, Assignment, AuditEvent, Invitation, Membership, Project, Role, SignInLink, User
from annotate.services.accounts import create_sign_in_link, token_hash
from annotate.services.errors import Conflict, LinkSpent, NotAllowed
from annotate.services.slots import give_back

INVITATION_DAYS = 14


@transaction.atomic
def set_member(*, project: Project, user: User, role: Role, by: User | None = None) -> Membership:
    """Give `user` the role in the project, as a new member or instead of their role so far."""
    before = Membership.objects.filter(project=project, user=user, active=True).first()
    if before and before.role == Role.ADMIN and role != Role.ADMIN:
        _keep_an_admin(project, user)
        Invitation.objects.filter(project=project, invited_by=user).update(uses_left=0)
    membership, _ = Membership.objects.update_or_create(
        project=project, user=user, defaults={"role": role, "active": True}
    )
    AuditEvent.objects.record(by=by, verb=f"made {user.username} {role} of", target=project.slug)
    return membership


@transaction.atomic
def remove_member(*, project: Project, user: User, by: User) -> None:
    """End a membership: leases go back to the pool, comparisons stay. Raises Conflict for the last admin.

    The project's open invitations are withdrawn: any of them could be the way back.
    """
    _keep_an_admin(project, user)
    Invitation.objects.filter(project=project).update(uses_left=0)
    Membership.objects.filter(project=project, user=user).update(active=False)
    held = Assignment.objects.filter(project=project, annotator=user, closed_at=None)
    for assignment in held.order_by("pair_id"):  # as everybody who takes several
        give_back(assignment)
    if not user.memberships.filter(active=True).exists():
        ApiToken.objects.filter(user=user).delete()
    AuditEvent.objects.record(by=by, verb=f"removed {user.username} from", target=project.slug)


def let_member_in(*, project: Project, user: User, by: User) -> str:
    """Return the token of a sign-in link for a member who lost the way in. `by` must be an admin of the project.

    Raises NotAllowed where the link would give `by` more than they have: for a site admin, or for somebody who also
    belongs to a project that `by` is no admin of.
    """
    own = Membership.objects.filter(user=by, role=Role.ADMIN, active=True)
    elsewhere = Membership.objects.filter(user=user, active=True).exclude(project__in=own.values("project"))
    if not by.is_superuser and user != by and (user.is_superuser or user.is_staff or elsewhere.exists()):
        raise NotAllowed(f"{user} has rights beyond your projects. Ask a site admin for their sign-in link.")
    token = create_sign_in_link(user=user, by=by)
    AuditEvent.objects.record(by=by, verb=f"let {user.username} in to", target=project.slug)
    return token


def create_invitation(*, project: Project, role: Role, by: User, uses: int = 1) -> str:
    """Return the token of an invitation link; it is shown here and nowhere again."""
    token = secrets.token_urlsafe(32)
    Invitation.objects.create(
        project=project,
        role=role,
        uses_left=uses,
        invited_by=by,
        token_hash=token_hash(token),
        expires_at=timezone.now() + timedelta(days=INVITATION_DAYS),
    )
    AuditEvent.objects.record(by=by, verb=f"invited {uses} {role} to", target=project.slug)
    return token


def open_invitation(token: str) -> Invitation:
    """Return a usable invitation. Raises LinkSpent if it is used up, old or unknown."""
    usable = Invitation.objects.filter(token_hash=token_hash(token), uses_left__gt=0, expires_at__gt=Now())
    if invitation := usable.select_related("project", "invited_by").first():
        return invitation
    raise LinkSpent("This invitation was used up or has expired. Ask the person who sent it for a new one.")


def withdraw_invitation(*, project: Project, token_hash: str, by: User) -> None:
    """Use up what is left of an invitation of the project, so that its link opens nothing any more."""
    Invitation.objects.filter(project=project, token_hash=token_hash).update(uses_left=0)
    AuditEvent.objects.record(by=by, verb="withdrew an invitation to", target=project.slug)


@transaction.atomic
def accept_invitation(*, token: str, user: User) -> Membership:
    """Use one place of an invitation. A present member keeps the role they have and uses no place.

    Their unused sign-in links end: whoever holds one was given the way into the projects of before, not into this one.
    """
    invitation = open_invitation(token)
    present = Membership.objects.filter(project=invitation.project, user=user, active=True).first()
    if present:
        return present
    if not Invitation.objects.filter(pk=invitation.pk, uses_left__gt=0).update(uses_left=F("uses_left") - 1):
        raise LinkSpent("Somebody took the last place of this invitation. Ask for a new one.")
    SignInLink.objects.filter(user=user, used_at=None).update(used_at=Now())
    return set_member(project=invitation.project, user=user, role=Role(invitation.role), by=invitation.invited_by)


def _keep_an_admin(project: Project, leaving: User) -> None:
    admins = Membership.objects.select_for_update().filter(project=project, role=Role.ADMIN, active=True)
    if {membership.user_id for membership in admins} == {leaving.pk}:
        raise Conflict("This is the project's last admin. Make somebody else admin first.")
