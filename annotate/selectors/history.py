"""An annotator's own comparisons, their speed, and how often they judged a pair the same way twice."""

import json
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from annotate.models import Comparison, Project, Stream, User

RECENT = 500


def own_history(project: Project, annotator: User, *, search: str = "") -> QuerySet[Comparison]:
    """Return what the annotator judged in the project, the newest first, taken-back verdicts among it.

    `search` keeps the pairs whose prompt or responses hold these words, and the verdicts whose comment does.
    """
    own = Comparison.objects.filter(project=project, assignment__annotator=annotator)
    if words := search.strip():
        own = own.filter(
            Q(comment__icontains=words)
            | Q(assignment__pair__first__text__icontains=words)
            | Q(assignment__pair__second__text__icontains=words)
            | in_messages("assignment__pair__prompt__messages", words)
        )
    pair = "assignment__pair"
    return own.select_related(f"{pair}__prompt", f"{pair}__first", f"{pair}__second").order_by("-created_at", "-id")


def in_messages(column: str, words: str) -> Q:
    """Look for the words as they are, and as JSON escapes them, which is how SQLite stores messages."""
    return Q(**{f"{column}__icontains": words}) | Q(**{f"{column}__icontains": json.dumps(words)[1:-1]})


@dataclass(frozen=True)
class OwnFigures:
    """Seconds per verdict (None without any), and of the pairs judged twice, how many were judged the same way."""

    median_seconds: float | None
    n_repeated: int
    n_same: int


def own_figures(project: Project, annotator: User) -> OwnFigures:
    """Return the speed of the annotator's newest verdicts, practice apart, and their self-consistency over all.

    Gold pairs count in the speed as all others do: a figure that passed them over would tell which they were.
    """
    live = Comparison.objects.live().filter(project=project, assignment__annotator=annotator)
    timed = live.exclude(seconds=None).exclude(assignment__stream=Stream.TRAINING)
    newest = timed.order_by("-id").values_list("seconds", flat=True)[:RECENT]
    seconds = [value for value in newest if value is not None]
    first_look = live.filter(assignment__pair=OuterRef("assignment__pair"), assignment__round=0)
    repeated = live.filter(assignment__round=1).annotate(before=Subquery(first_look.values("outcome")[:1]))
    repeated = repeated.exclude(before=None)
    return OwnFigures(
        median_seconds=median(seconds) if seconds else None,
        n_repeated=repeated.count(),
        n_same=repeated.filter(outcome=F("before")).count(),
    )


def reopenable(project: Project, annotator: User) -> set[int]:
    """Return the verdicts that the annotator may still take back, by id."""
    own = Comparison.objects.live().filter(project=project, assignment__annotator=annotator, ranking=None)
    own = own.exclude(assignment__stream=Stream.TRAINING)
    since = Now() - timedelta(seconds=project.undo_seconds)
    return set(own.filter(source=Comparison.Source.LIVE, created_at__gte=since).values_list("pk", flat=True))
