"""Gold pairs and what was answered on them; feedback is for the training round alone."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotate.models import Comparison, Outcome, Pair, Project, Stream
from annotate.selectors.history import in_messages

SHOWN = ("prompt", "first", "second")


@dataclass(frozen=True)
class Feedback:
    """What an annotator is told of a verdict in the training round: the known answer, in stored order, and why."""

    right: bool
    outcome: Outcome
    note: str


def gold_pairs(project: Project) -> QuerySet[Pair]:
    """Return the project's gold pairs with their texts, in the order in which they are asked.

    n_answered: how often they were answered as gold or in practice. n_right: how often as their answer is now.
    """
    given = Comparison.objects.live().filter(
        assignment__pair=OuterRef("pk"), assignment__stream__in=Stream.with_known_answer()
    )
    pairs = Pair.objects.filter(project=project).exclude(gold_outcome="").select_related(*SHOWN)
    counted = {"n_answered": _number(given), "n_right": _number(given.filter(outcome=OuterRef("gold_outcome")))}
    return pairs.annotate(**counted).order_by("shuffle", "id")


def _number(rows: QuerySet[Comparison]) -> Coalesce:
    return Coalesce(Subquery(rows.order_by().values("project").annotate(n=Count("pk")).values("n")), 0)


def pairs_to_make_gold(project: Project, words: str) -> QuerySet[Pair]:
    """Return the pairs that are not gold and whose texts hold these words, or whose id they are; none for no words."""
    if not (words := words.strip()):
        return Pair.objects.none()
    texts = Q(first__text__icontains=words) | Q(second__text__icontains=words) | in_messages("prompt__messages", words)
    named = Q(external_id=words)
    with suppress(ValueError):
        named |= Q(public_id=UUID(words))
    pairs = Pair.objects.filter(named | texts, project=project, gold_outcome="")
    return pairs.select_related(*SHOWN).order_by("shuffle", "id")


def feedback(comparison: Comparison) -> Feedback | None:
    """Return what to tell about a verdict; None outside the training round, whatever the pair."""
    pair = comparison.assignment.pair
    if comparison.assignment.stream != Stream.TRAINING or not pair.gold_outcome:
        return None
    return Feedback(comparison.outcome == pair.gold_outcome, Outcome(pair.gold_outcome), pair.gold_note)
