"""Which comparisons a person may read: a project's for its researchers, one's own for everybody."""

from django.db.models import QuerySet

from annotate.models import Comparison, Project, User


def comparisons_of(project: Project) -> QuerySet[Comparison]:
    """Return every comparison of the project, retracted and voided ones too, with what its row names."""
    return (
        Comparison.objects.filter(project=project)
        .select_related(
            "assignment__pair__first",
            "assignment__pair__second",
            "assignment__annotator",
            "assignment__snapshot",
            "ranking",
        )
        .defer("assignment__snapshot__weights", "assignment__snapshot__full_rank")
        .defer("assignment__snapshot__metrics", "assignment__snapshot__config")
    )


def own_comparisons(annotator: User) -> QuerySet[Comparison]:
    """Return what the annotator judged in the projects they still belong to."""
    return Comparison.objects.filter(
        assignment__annotator=annotator, project__in=Project.objects.visible_to(annotator)
    ).select_related("assignment", "project", "ranking")
