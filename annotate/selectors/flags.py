"""What annotators have flagged, for researchers: which flags stand open, which are settled or were taken off."""

from uuid import UUID

from django.db.models import Count, QuerySet

from annotate.models import Flag, Project


def flags(project: Project, *, state: Flag.State | None = None) -> QuerySet[Flag]:
    """Return the project's flags, the newest first, with everything their page shows."""
    rows = Flag.objects.filter(project=project)
    if state:
        rows = rows.in_state(state)
    parts = ("project", "annotator", "pair__prompt", "pair__first", "pair__second")
    rows = rows.select_related("settled_by", *(f"assignment__{part}" for part in parts))
    return rows.prefetch_related("assignment__comparisons").order_by("-id")


def flag_on(project: Project, assignment: UUID) -> Flag | None:
    """Return the flag on an assignment of the project, with everything its page shows."""
    return flags(project).filter(assignment__public_id=assignment).first()


def n_flags(project: Project) -> dict[Flag.State, int]:
    """Return how many flags of the project are in each state."""
    counts = {str(state): Count("pk", filter=state.condition) for state in Flag.State}
    found = Flag.objects.filter(project=project).aggregate(**counts)
    return {state: found[state] for state in Flag.State}


def n_open_flags(project: Project) -> int:
    return Flag.objects.filter(project=project).in_state(Flag.State.OPEN).count()
