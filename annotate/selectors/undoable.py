"""The verdict that undo would take back."""

from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from annotate.compiled import compiled
from annotate.models import Assignment, Comparison, Project, Stream, User


def undoable(project: Project, annotator: User) -> Comparison | None:
    """Return the annotator's newest standing verdict while it may still be undone."""
    window = timedelta(seconds=project.undo_seconds)
    newest = next(iter(_newest(project.pk, annotator.pk)), None)
    return newest if newest and newest.now - newest.created_at <= window else None  # type: ignore[attr-defined]


@compiled
def _newest(project: int, annotator: int) -> QuerySet[Comparison]:
    judged = Assignment.objects.filter(
        project=project, annotator=annotator, closed_as=Assignment.ClosedAs.COMPARED, closed_at__isnull=False
    )
    newest = judged.exclude(stream=Stream.TRAINING).order_by("-closed_at", "-id").values("pk")[:1]
    return Comparison.objects.live().filter(assignment__in=newest).annotate(now=Now())
