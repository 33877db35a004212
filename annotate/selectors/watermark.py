"""How far a project's rows have come. A snapshot covers a watermark; a difference means there is something to learn."""

import re
from dataclasses import dataclass

from django.db.models import Count, Max

from annotate.models import Comparison, ComparisonEvent, Pair, Project, Response


@dataclass(frozen=True)
class Watermark:
    """Counts as well as last ids: ids do not commit in order, and retractions change no comparison id."""

    n_comparisons: int
    last_comparison: int
    last_event: int
    n_pairs: int
    n_responses: int

    def __str__(self) -> str:
        return f"c{self.n_comparisons}.{self.last_comparison} e{self.last_event} p{self.n_pairs} r{self.n_responses}"


def watermark_of(text: str) -> Watermark | None:
    """Read a watermark back from what a run or a snapshot stores of it; None where it holds none."""
    found = re.match(r"c(\d+)\.(\d+) e(\d+) p(\d+) r(\d+)", text)
    return Watermark(*map(int, found.groups())) if found else None


def watermark(project: Project) -> Watermark:
    """Read the project's watermark: five index-only aggregates."""
    comparisons = Comparison.objects.filter(project=project).aggregate(n=Count("id"), last=Max("id"))
    events = ComparisonEvent.objects.filter(project=project).aggregate(last=Max("id"))
    return Watermark(
        n_comparisons=comparisons["n"],
        last_comparison=comparisons["last"] or 0,
        last_event=events["last"] or 0,
        n_pairs=Pair.objects.filter(project=project).count(),
        n_responses=Response.objects.filter(project=project).count(),
    )


def newest_ids() -> tuple[int | None, int | None]:
    """Return the last comparison and event of all projects: two look-ups that tell whether anything was judged."""
    comparison = Comparison.objects.order_by("-pk").values_list("pk", flat=True).first()
    event = ComparisonEvent.objects.order_by("-pk").values_list("pk", flat=True).first()
    return comparison, event
