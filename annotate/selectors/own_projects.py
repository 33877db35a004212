"""A person's projects, and how much waits for them in each."""

from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotate.models import Assignment, Comparison, Membership, Pair, User


def own_projects(user: User) -> QuerySet[Membership]:
    """Return the memberships with their `n_waiting` pairs and the project's `n_comparisons`, unarchived first."""
    finished = [Assignment.ClosedAs.COMPARED, Assignment.ClosedAs.SKIPPED]
    seen = Assignment.objects.filter(pair_id=OuterRef("pk"), annotator=user, round=0, closed_as__in=finished)
    waiting = Pair.objects.assignable().filter(~Exists(seen), project_id=OuterRef("project_id"))
    judged = Comparison.objects.live().filter(project_id=OuterRef("project_id"))
    return (
        Membership.objects.filter(user=user, active=True)
        .select_related("project")
        .annotate(
            n_waiting=_count(waiting.values("project_id")),
            n_comparisons=_count(judged.values("project_id")),
        )
        .order_by("project__archived_at", "project__name", "id")
    )


def _count(grouped: QuerySet[Any, Any]) -> Coalesce:
    counted = grouped.order_by().annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
