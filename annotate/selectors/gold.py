"""Gold pairs and what was answered on them; feedback is for the training round alone."""

from dataclasses import dataclass

from django.db.models import QuerySet

from annotate.models import Comparison, Outcome, Pair, Project, Stream


@dataclass(frozen=True)
class Feedback:
    """What an annotator is told of a verdict in the training round: the known answer, in stored order, and why."""

    right: bool
    outcome: Outcome
    note: str


def gold_pairs(project: Project) -> QuerySet[Pair]:
    """Return the project's gold pairs in the order in which they are asked."""
    return Pair.objects.filter(project=project).exclude(gold_outcome="").order_by("shuffle")


def feedback(comparison: Comparison) -> Feedback | None:
    """Return what to tell about a verdict; None outside the training round, whatever the pair."""
    pair = comparison.assignment.pair
    if comparison.assignment.stream != Stream.TRAINING or not pair.gold_outcome:
        return None
    return Feedback(comparison.outcome == pair.gold_outcome, Outcome(pair.gold_outcome), pair.gold_note)
