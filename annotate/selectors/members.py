"""Who belongs to a project, and who may still come."""

from django.db.models import QuerySet
from django.db.models.functions import Now

from annotate.models import Invitation, Membership, Project


def members(project: Project) -> QuerySet[Membership]:
    """Return the project's active memberships with their people, by name."""
    return Membership.objects.filter(project=project, active=True).select_related("user").order_by("user__username")


def open_invitations(project: Project) -> QuerySet[Invitation]:
    """Return the invitations that still open something, the soonest to expire first."""
    usable = Invitation.objects.filter(project=project, uses_left__gt=0, expires_at__gt=Now())
    return usable.select_related("invited_by").order_by("expires_at")
