"""Comparisons that the head, fitted without them, did not expect: the most surprising first."""

from django.db.models import QuerySet

from annotate.models import Disagreement, Project


def disagreements(project: Project, *, badge: str | None = None) -> QuerySet[Disagreement]:
    """Return the project's disagreements by falling surprise, with everything their page shows."""
    rows = Disagreement.objects.filter(project=project, comparison__retracted_at=None, comparison__voided_at=None)
    if badge:
        rows = rows.filter(badge=badge)
    return (
        rows.select_related(
            "comparison__assignment__pair__prompt",
            "comparison__assignment__pair__first",
            "comparison__assignment__pair__second",
            "comparison__assignment__annotator",
            "snapshot",
        )
        .defer("snapshot__weights")
        .order_by("-surprise", "id")
    )
