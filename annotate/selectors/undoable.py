"""The verdict that undo would take back."""

from datetime import timedelta

from django.db.models.functions import Now

from annotate.models import Assignment, Comparison, Project, User


def undoable(project: Project, annotator: User) -> Comparison | None:
    """Return the annotator's newest standing verdict while it may still be undone."""
    judged = Assignment.objects.filter(
        project=project, annotator=annotator, closed_as=Assignment.ClosedAs.COMPARED, closed_at__isnull=False
    )
    newest = judged.order_by("-closed_at", "-id").values("pk")[:1]
    window = timedelta(seconds=project.undo_seconds)
    return Comparison.objects.live().filter(assignment__in=newest, created_at__gte=Now() - window).first()
