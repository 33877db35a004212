"""Create a project, pause and archive it, and say who belongs to it."""

import secrets
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from annotate.models import ApiToken, Assignment, AuditEvent, Invitation, Membership, Project, Role, User
from annotate.services.accounts import create_sign_in_link, token_hash
from annotate.services.errors import Conflict, InvalidInput, LinkSpent, NotAllowed
from annotate.services.guidelines import add_version
from annotate.services.leaks import mark_leaks
from annotate.services.slots import give_back

INVITATION_DAYS = 14
FIT_SETTINGS = ("outcomes", "strategy", "seed")


@transaction.atomic
def create_project(*, name: str, slug: str, by: User, **settings: object) -> Project:
    """Make a project with `by` as its admin. Raises NotAllowed unless `by` is a site admin, InvalidInput."""
    if not by.is_superuser:
        raise NotAllowed("Only site admins create projects. Ask one to create it and to make you its admin.")
    project = Project(name=name, slug=slug, **settings)
    _check(project)
    try:
        with transaction.atomic():
            project.save()
    except IntegrityError:
        raise InvalidInput(f"Somebody has just made a project with the address {slug!r}. Choose another.") from None
    add_version(project, by=by)
    set_member(project=project, user=by, role=Role.ADMIN, by=by)
    _record(by, "created project", project)
    return project


@transaction.atomic
def change_project(*, project: Project, by: User, **settings: object) -> Project:
    """Change settings; new guidelines make a new guideline version. Raises InvalidInput."""
    changed = {name for name, value in settings.items() if value != getattr(project, name)}
    if "guidelines" in changed:
        project.guideline_version += 1
    if changed & set(FIT_SETTINGS):
        project.config_version += 1
    for name, value in settings.items():
        setattr(project, name, value)
    _check(project)
    project.save(update_fields=[*settings, "config_version", "guideline_version"])
    if "guidelines" in changed:
        add_version(project, by=by)
    if "leak_phrases" in changed:
        mark_leaks(project)
    _record(by, f"changed {', '.join(sorted(settings))} of", project)
    return project


def pause_project(*, project: Project, by: User) -> None:
    """Stop lending pairs; verdicts already under way are still accepted."""
    _stamp(project, by, "paused", paused_at=Now())


def resume_project(*, project: Project, by: User) -> None:
    _stamp(project, by, "resumed", paused_at=None, archived_at=None)


def archive_project(*, project: Project, by: User) -> None:
    """Stop lending pairs and training; everything stays readable and exportable."""
    _stamp(project, by, "archived", archived_at=Now())


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
    _record(by, f"made {user.username} {role} of", project)
    return membership


@transaction.atomic
def remove_member(*, project: Project, user: User, by: User) -> None:
    """End a membership: leases go back to the pool, comparisons stay. Raises Conflict for the last admin.

    The project's open invitations are withdrawn: any of them could be the way back.
    """
    _keep_an_admin(project, user)
    Invitation.objects.filter(project=project).update(uses_left=0)
    Membership.objects.filter(project=project, user=user).update(active=False)
    for assignment in Assignment.objects.filter(project=project, annotator=user, closed_at=None):
        give_back(assignment)
    if not user.memberships.filter(active=True).exists():
        ApiToken.objects.filter(user=user).delete()
    _record(by, f"removed {user.username} from", project)


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
    _record(by, f"let {user.username} in to", project)
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
    _record(by, f"invited {uses} {role} to", project)
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
    _record(by, "withdrew an invitation to", project)


@transaction.atomic
def accept_invitation(*, token: str, user: User) -> Membership:
    """Use one place of an invitation. A present member keeps the role they have and uses no place."""
    invitation = open_invitation(token)
    present = Membership.objects.filter(project=invitation.project, user=user, active=True).first()
    if present:
        return present
    if not Invitation.objects.filter(pk=invitation.pk, uses_left__gt=0).update(uses_left=F("uses_left") - 1):
        raise LinkSpent("Somebody took the last place of this invitation. Ask for a new one.")
    return set_member(project=invitation.project, user=user, role=Role(invitation.role), by=invitation.invited_by)


def _keep_an_admin(project: Project, leaving: User) -> None:
    admins = Membership.objects.select_for_update().filter(project=project, role=Role.ADMIN, active=True)
    if {membership.user_id for membership in admins} == {leaving.pk}:
        raise Conflict("This is the project's last admin. Make somebody else admin first.")


def _check(project: Project) -> None:
    try:
        project.full_clean()
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), fields=error.message_dict) from None


def _stamp(project: Project, by: User, verb: str, **stamps: object) -> None:
    Project.objects.filter(pk=project.pk).update(**stamps)
    project.refresh_from_db()
    _record(by, verb, project)


def _record(by: User | None, verb: str, project: Project) -> None:
    AuditEvent.objects.create(actor=by, verb=verb[:40], target=project.slug)
