"""What was asked again: which pairs, what one more person said of them, and how often that contradicted the verdict."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db.models import Q, QuerySet

from annotate.models import AskedAgain, Comparison, Disagreement, Outcome, Project, Stream
from annotate.selectors.annotators import Share, share
from annotate.selectors.disagreements import disagreements

EVEN = 0.5
DECISIVE = (Outcome.FIRST, Outcome.SECOND)


@dataclass(frozen=True)
class Answers:
    """How many verdicts were asked again and answered; `contradicted` is of the decisive answers, with its interval."""

    n_asked: int
    n_answered: int
    contradicted: Share


@dataclass(frozen=True)
class Flips:
    """Surprising verdicts that were asked again, and the controls that went among them."""

    surprising: Answers
    controls: Answers


def flips_of_asked(project: Project) -> Flips | None:
    """Read how often blind answers contradicted what was asked again, or None where nothing was."""
    live = Q(comparison__retracted_at=None, comparison__voided_at=None)
    rows = list(
        AskedAgain.objects.filter(live, project=project).values_list("pair", "comparison__outcome", "control_of")
    )
    if not rows:
        return None
    said = dict(answers(project).values_list("assignment__pair", "outcome"))
    surprising = [(outcome, said.get(pair)) for pair, outcome, control_of in rows if control_of is None]
    controls = [(outcome, said.get(pair)) for pair, outcome, control_of in rows if control_of is not None]
    return Flips(_answers(surprising), _answers(controls))


def answers(project: Project) -> QuerySet[Comparison]:
    """Return the live verdicts of those who were asked again, one of a pair at most."""
    blind = Comparison.objects.live().filter(project=project, surplus=False)
    return blind.filter(assignment__stream=Stream.AGAIN)


def said_again(project: Project, rows: Iterable[Disagreement]) -> dict[int, str]:
    """Return by pair, of those disagreements that were asked again, what was said; empty where nothing was yet."""
    pairs = [row.comparison.assignment.pair_id for row in rows]
    asked = AskedAgain.objects.filter(project=project, pair__in=pairs).values_list("pair", flat=True)
    said = dict(answers(project).filter(assignment__pair__in=pairs).values_list("assignment__pair", "outcome"))
    return {pair: said.get(pair, "") for pair in asked}


def can_be_asked(project: Project) -> QuerySet[Disagreement]:
    """Return the verdicts for one side where the head expected the other, the most surprising first.

    On open pairs that were not asked again.
    """
    against = Q(comparison__outcome=Outcome.FIRST, p_left_out__lt=EVEN) | Q(
        comparison__outcome=Outcome.SECOND, p_left_out__gt=EVEN
    )
    rows = disagreements(project).filter(against, comparison__assignment__pair__open=True)
    return rows.filter(comparison__assignment__pair__asked_again=None)


def asked_pairs(project: Project) -> npt.NDArray[np.int64]:
    """Return the ids of the pairs that were asked again, as surprising ones or as controls."""
    return np.array(AskedAgain.objects.filter(project=project).values_list("pair", flat=True), np.int64)


def _answers(told: list[tuple[str, str | None]]) -> Answers:
    answered = [(before, after) for before, after in told if after is not None]
    decisive = [before != after for before, after in answered if after in DECISIVE]
    return Answers(len(told), len(answered), share(sum(decisive), len(decisive)))
