"""What an annotator is shown of a pair. Nothing else about it reaches their browser."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from annotate.models import Assignment, Flag, Stream
from annotate.services.leaks import shown_text
from annotate.sides import left_and_right


@dataclass(frozen=True)
class Sheet:
    """One pair as it is shown: the conversation, and the responses with their labels in the order shown.

    `client_key` is for a browser that runs no script; a script makes its own at the moment of the verdict.
    """

    assignment: UUID
    turns: list[dict[str, Any]]
    responses: tuple[tuple[str, str], ...]
    flagged: bool = False
    in_front: bool = False
    practice: bool = False
    client_key: UUID = field(default_factory=uuid4)


def sheets_of(assignments: list[Assignment], *, in_front: UUID | None = None) -> list[Sheet]:
    """Return the sheets of the assignments in their order; the one asked for comes first."""
    flags = Flag.objects.filter(assignment__in=assignments, withdrawn_at=None)
    flagged = set(flags.values_list("assignment_id", flat=True)) if assignments else set()
    ordered = sorted(assignments, key=lambda assignment: assignment.public_id != in_front)
    return [_sheet(one, flagged=one.pk in flagged, in_front=one.public_id == in_front) for one in ordered]


def _sheet(assignment: Assignment, *, flagged: bool, in_front: bool) -> Sheet:
    pair = assignment.pair
    shown = (shown_text(response, assignment.project) for response in (pair.first, pair.second))
    texts = left_and_right(*shown, first_on_left=assignment.first_on_left)
    return Sheet(
        assignment=assignment.public_id,
        turns=pair.prompt.messages,
        responses=tuple(zip("AB", texts, strict=True)),
        flagged=flagged,
        in_front=in_front,
        practice=assignment.stream == Stream.TRAINING,
    )
