"""A person's projects, and how much waits for them in each."""

from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotate.models import Assignment, Comparison, Membership, Pair, User
from annotate.selectors.next_pair import not_seen_by


def own_projects(user: User) -> QuerySet[Membership]:
    """Return the memberships with their `n_waiting` pairs and the project's `n_comparisons`, unarchived first."""
    unseen = Pair.objects.assignable().filter(not_seen_by(user, "pk"))
    lent = Assignment.objects.live().filter(annotator=user)
    return (
        Membership.objects.filter(user=user, active=True)
        .select_related("project")
        .annotate(
            n_waiting=_of_project(unseen) + _of_project(lent),
            n_comparisons=_of_project(Comparison.objects.live()),
        )
        .order_by(F("project__archived_at").asc(nulls_first=True), "project__name", "id")
    )


def _of_project(rows: QuerySet[Any, Any]) -> Coalesce:
    """Count the rows of the membership's project."""
    grouped = rows.filter(project_id=OuterRef("project_id")).order_by().values("project_id")
    return Coalesce(Subquery(grouped.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0)
