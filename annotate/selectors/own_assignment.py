"""An assignment by the name that its annotator knows it by."""

from uuid import UUID

from django.db.models import QuerySet

from annotate.compiled import compiled
from annotate.models import Assignment, User


def own_assignment(annotator: User, public_id: UUID) -> Assignment | None:
    """Return the annotator's assignment with its pair and project, or None outside the projects they belong to."""
    return next(iter(_own(annotator.pk, public_id)), None)


@compiled
def _own(annotator: int, public_id: UUID) -> QuerySet[Assignment]:
    memberships = {"project__memberships__user": annotator, "project__memberships__active": True}
    own = Assignment.objects.filter(public_id=public_id, annotator=annotator, **memberships)
    return own.select_related("project", "pair")
