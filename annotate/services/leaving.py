"""Let go of pairs when their annotator leaves the page, without taking them from a page that is only being reloaded."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from annotate.models import Assignment, Project, User
from annotate.services.assigning import lock_membership

GRACE = timedelta(seconds=15)


@transaction.atomic
def leave_leases(*, project: Project, annotator: User, only: list[UUID]) -> int:
    """Let these leases of the annotator end after a moment of grace; return how many will.

    only: ids of assignments, or of rankings, whose pairs are left together. A page that shows the same pairs, after a
    reload or in another tab, renews them within that moment. Raises NotAllowed for no active member.
    """
    lock_membership(project, annotator)
    named = Q(public_id__in=only) | Q(ranking__public_id__in=only)
    lent = Assignment.objects.live().filter(named, project=project, annotator=annotator)
    return lent.filter(lease_ends_at__gt=Now() + GRACE).update(lease_ends_at=Now() + GRACE)
