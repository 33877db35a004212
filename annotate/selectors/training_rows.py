"""What the trainer reads of a project, as arrays; ids are the database's, and nothing here knows torch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import BooleanField, Case, F, Q, Value, When
from django.db.models.functions import Coalesce

from annotate.models import Comparison, ComparisonEvent, Embedding, Pair, Project, Ranking, Response, Stream
from annotate.selectors.watermark import Watermark

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Strings = npt.NDArray[np.str_]
Bools = npt.NDArray[np.bool_]

CHUNK = 500
_COMPARISON, _PAIR, _ANNOTATOR, _STREAM = 0, 1, 5, 9  # places among the columns of a label

VECTORS_AT_A_TIME = 500


@dataclass(frozen=True)
class LabelRows:
    """The live comparisons of a project in the order they were made, one array per column.

    Verdicts on gold pairs are left out: they measure people. strength is 0 where none was given; ranking is 0 for a
    verdict of its own. p_first is what the live head predicted when the pair was shown, NaN where nothing was.
    first_on_left is 1 or 0, NaN where nobody knows. first_verdict: nobody else had judged the pair before, whatever
    became of that verdict: the head that predicted this one had nobody's word on the pair.
    """

    comparison: Ints
    pair: Ints
    first: Ints
    second: Ints
    prompt: Ints
    annotator: Ints
    outcome: Strings
    strength: Ints
    ranking: Ints
    stream: Strings
    surplus: Bools
    p_first: Floats
    first_on_left: Floats
    first_verdict: Bools


@dataclass(frozen=True)
class PairRows:
    """The pairs of a project in their fixed random order; `assignable` ones can be lent now."""

    pair: Ints
    first: Ints
    second: Ints
    prompt: Ints
    audit: Bools
    assignable: Bools


def label_rows(project: Project, mark: Watermark) -> LabelRows | None:
    """Read the comparisons that were live at a watermark, whatever has happened since.

    Returns None where the rows do not add up to the watermark (on PostgreSQL ids commit late): read anew.
    """
    made = Comparison.objects.filter(project=project, pk__lte=mark.last_comparison)
    columns = list(
        made.order_by("pk").values_list(
            "pk",
            "assignment__pair",
            "assignment__pair__first",
            "assignment__pair__second",
            "assignment__pair__prompt",
            "assignment__annotator",
            "outcome",
            Coalesce("strength", 0),
            Coalesce("ranking", 0),
            "assignment__stream",
            "surplus",
            "assignment__p_first",
            "assignment__first_on_left",
        )
    )
    if len(columns) != mark.n_comparisons:
        return None
    dead = _dead_at(project, mark.last_event)
    learnt = [row for row in columns if row[_STREAM] not in Stream.with_known_answer()]
    first_judge = {row[_PAIR]: row[_ANNOTATOR] for row in reversed(learnt)}
    live = [(*row, row[_ANNOTATOR] == first_judge[row[_PAIR]]) for row in learnt if row[_COMPARISON] not in dead]
    kinds = (*[np.int64] * 6, np.str_, *[np.int64] * 2, np.str_, np.bool_, *[np.float64] * 2, np.bool_)
    return LabelRows(*_columns(live, kinds))


def ranked_tiers(labels: LabelRows) -> list[list[list[int]]]:
    """Read the rankings that the labels are part of, in order of id: tiers of response ids, best first."""
    ids = np.unique(labels.ranking[labels.ranking > 0]).tolist()
    tiers: dict[int, list[list[int]]] = {}
    for start in range(0, len(ids), CHUNK):  # SQLite takes so many values at once
        for ranking in Ranking.objects.filter(pk__in=ids[start : start + CHUNK]).only("tiers"):
            tiers[ranking.pk] = ranking.tiers or []
    return [tiers[ranking] for ranking in ids]


def _dead_at(project: Project, last_event: int) -> set[int]:
    """Return the comparisons whose last event up to `last_event` took them out of the live ones."""
    events = ComparisonEvent.objects.filter(project=project, pk__lte=last_event).order_by("pk")
    last_kind = dict(events.values_list("comparison_id", "kind"))
    return {comparison for comparison, kind in last_kind.items() if kind != ComparisonEvent.Kind.RESTORE}


def pair_rows(project: Project) -> PairRows:
    """Read all pairs, and which of them can be lent."""
    assignable = Case(
        When(open=True, slots_taken__lt=F("overlap"), then=True), default=Value(False), output_field=BooleanField()
    )
    rows = Pair.objects.filter(project=project).order_by("shuffle", "pk")
    columns = list(rows.values_list("pk", "first", "second", "prompt", "audit", assignable))
    return PairRows(*_columns(columns, (*[np.int64] * 4, np.bool_, np.bool_)))


def embedded_ids(project: Project, encoder_key: str, *, after: int = 0) -> Ints:
    """Return the ids above `after` of the responses that have a vector under this key, in order."""
    rows = Embedding.objects.filter(response__project=project, encoder_key=encoder_key, response_id__gt=after)
    ids = rows.order_by("response_id").values_list("response_id", flat=True)
    return np.fromiter(ids.iterator(chunk_size=10_000), np.int64)


def vectors(project: Project, encoder_key: str, *, after: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield (response id, fp16 bytes) for the responses with an id above `after`, in order of id.

    First the ids, then some vectors at a time: no database sorts gigabytes of them.
    """
    ids = embedded_ids(project, encoder_key, after=after).tolist()
    for start in range(0, len(ids), VECTORS_AT_A_TIME):
        some = ids[start : start + VECTORS_AT_A_TIME]
        rows = Embedding.objects.filter(response__in=some, encoder_key=encoder_key)
        vector_of = dict(rows.values_list("response_id", "vector"))
        for response in some:
            yield response, bytes(vector_of[response])


def judged_texts(project: Project) -> Iterator[tuple[int, str]]:
    """Yield (response id, text) of the responses that have a comparison."""
    judged = Pair.objects.filter(project=project, assignments__comparisons__isnull=False)
    either = Q(pk__in=judged.values("first")) | Q(pk__in=judged.values("second"))
    yield from Response.objects.filter(either).values_list("pk", "text").iterator(chunk_size=500)


def _columns(rows: Sequence[tuple[object, ...]], dtypes: tuple[type, ...]) -> list[npt.NDArray[Any]]:
    """Turn rows into one array per column; None becomes NaN in a float column."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in dtypes)
    return [np.array(column, dtype=dtype) for column, dtype in zip(columns, dtypes, strict=True)]
