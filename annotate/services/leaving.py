"""Let go of pairs when their annotator leaves the page, without taking them from a page that is only being reloaded."""

from datetime import timedelta
from uuid import UUID

from django.db.models.functions import Now

from annotate.models import Assignment, Project, User

GRACE = timedelta(seconds=15)


def leave_leases(*, project: Project, annotator: User, only: list[UUID]) -> int:
    """Let these leases of the annotator end after a moment of grace; return how many will.

    A page that shows the same pairs, after a reload or in another tab, renews them within that moment.
    """
    lent = Assignment.objects.live().filter(project=project, annotator=annotator, public_id__in=only)
    return lent.filter(lease_ends_at__gt=Now() + GRACE).update(lease_ends_at=Now() + GRACE)
