"""Comparisons that the head, fitted without them, did not expect: the most surprising first, and what moved them."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from annotate.models import Comparison, Disagreement, Project


@dataclass(frozen=True)
class Moved:
    """A comparison that moved what the head expects of another, and by how many logits toward what it expected."""

    comparison: Comparison
    logits: float

    @property
    def supports(self) -> bool:
        return self.logits > 0


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
            "comparison__assignment__project",
            "snapshot",
        )
        .defer("snapshot__weights", "snapshot__full_rank", "snapshot__style_free")
        .defer("snapshot__reference_rewards", "snapshot__metrics")
        .order_by("-surprise", "id")
    )


def moved(rows: list[Disagreement]) -> dict[int, list[Moved]]:
    """Return by disagreement what moved it, the strongest support first, then the strongest opposition; in one query.

    A comparison supports what the head expected where it pushes the margin to that side.
    """
    wanted = {comparison for row in rows for comparison, _ in row.influences}
    found = Comparison.objects.live().select_related("assignment__annotator", "assignment__pair__prompt")
    known = found.in_bulk(wanted)
    return {
        row.pk: sorted(
            (Moved(known[pk], logits * _side(row)) for pk, logits in row.influences if pk in known),
            key=lambda one: -one.logits,
        )
        for row in rows
    }


def comparison_of(project: Project, public_id: UUID) -> Comparison | None:
    """Return one comparison of the project with everything its page shows."""
    rows = Comparison.objects.filter(project=project, public_id=public_id)
    parts = ("project", "annotator", "pair__prompt", "pair__first", "pair__second")
    return rows.select_related(*(f"assignment__{part}" for part in parts)).first()


def other_verdicts(comparison: Comparison) -> list[Comparison]:
    """Return the other live verdicts on its pair, in the order they came."""
    others = Comparison.objects.live().filter(
        project=comparison.project_id, assignment__pair_id=comparison.assignment.pair_id
    )
    return list(others.exclude(pk=comparison.pk).select_related("assignment__annotator").order_by("pk"))


def _side(row: Disagreement) -> int:
    """Return +1 where the head expected first, -1 where it expected second."""
    return 1 if row.p_left_out >= 1 / 2 else -1
