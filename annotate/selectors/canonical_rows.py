"""A project as canonical rows, streamed: every comparison, every skip, and every pair that has neither."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from django.db.models import Prefetch

from annotate.formats.rows import CanonicalRow, Message
from annotate.models import Assignment, Comparison, Pair, Project, User

CHUNK = 500


def canonical_rows(project: Project) -> Iterator[CanonicalRow]:
    """Yield the rows in the order pairs, assignments and comparisons were made, in constant memory."""
    looks = (
        Assignment.objects.filter(project=project)
        .order_by("pk")
        .select_related("annotator", "snapshot")
        .only(
            *("pair", "stream", "propensity", "first_on_left", "p_first", "leased_at", "closed_at", "closed_as"),
            *("skip_reason", "annotator__username", "annotator__display_name", "annotator__imported"),
            *("annotator__public_id", "snapshot__number"),
        )
        .prefetch_related(Prefetch("comparisons", Comparison.objects.order_by("pk")))
    )
    pairs = Pair.objects.filter(project=project).order_by("pk").select_related("prompt", "first", "second")
    for pair in pairs.prefetch_related(Prefetch("assignments", looks)).iterator(chunk_size=CHUNK):
        yield from _rows_of_pair(pair, project)


def pseudonym(annotator: User, project: Project) -> str:
    """Return the name under which an annotator is exported: the file's own for imported labels, else a stable alias."""
    if annotator.imported:
        return annotator.display_name
    return "annotator-" + sha256(f"{project.slug} {annotator.public_id}".encode()).hexdigest()[:12]


def _rows_of_pair(pair: Pair, project: Project) -> list[CanonicalRow]:
    material = _material(pair)
    rows = [
        CanonicalRow(**material, **_look(assignment, project), **verdict)
        for assignment in pair.assignments.all()
        for verdict in _verdicts(assignment)
    ]
    return rows or [CanonicalRow(**material)]


def _material(pair: Pair) -> dict[str, Any]:
    prompt = pair.prompt
    return {
        "pair_id": pair.external_id or str(pair.public_id),
        "prompt_id": prompt.external_id or str(prompt.public_id),
        "prompt": tuple(Message(message["role"], message["content"]) for message in prompt.messages),
        "first": pair.first.text,
        "second": pair.second.text,
        "first_source": pair.first.source,
        "second_source": pair.second.source,
        "tags": tuple(prompt.tags),
        "metadata": {**prompt.metadata, **pair.metadata},
    }


def _look(assignment: Assignment, project: Project) -> dict[str, Any]:
    return {
        "first_on_left": assignment.first_on_left,
        "annotator": pseudonym(assignment.annotator, project),
        "leased_at": assignment.leased_at,
        "stream": assignment.stream,
        "propensity": assignment.propensity,
        "snapshot": assignment.snapshot.number if assignment.snapshot else None,
        "p_first_when_shown": assignment.p_first,
    }


def _verdicts(assignment: Assignment) -> list[dict[str, Any]]:
    """Return what came of a look: its comparisons, the retracted ones too, or a skip; a lapsed lease is nothing."""
    verdicts = [_verdict(comparison) for comparison in assignment.comparisons.all()]
    if assignment.closed_as == Assignment.ClosedAs.SKIPPED:
        verdicts.append({"comment": assignment.skip_reason, "decided_at": assignment.closed_at})
    return verdicts


def _verdict(comparison: Comparison) -> dict[str, Any]:
    return {
        "outcome": comparison.outcome,
        "strength": comparison.strength,
        "criteria": comparison.criteria,
        "comment": comparison.comment,
        "shown_at": comparison.shown_at,
        "decided_at": comparison.decided_at or comparison.created_at,
        "seconds": comparison.seconds,
        "guideline_version": comparison.guideline_version,
        "surplus": comparison.surplus,
        "retracted_at": comparison.retracted_at or comparison.voided_at,
        "source": comparison.source,
    }
