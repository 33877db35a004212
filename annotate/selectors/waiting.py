"""Why there is no pair for an annotator now, and when to ask again."""

import math
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Exists, OuterRef
from django.utils import timezone

from annotate.models import Assignment, Membership, Project, Stream, User


class Reason(StrEnum):
    """What an annotator without a pair is waiting for."""

    NOTHING_LEFT = "nothing_left"
    ALL_LENT = "all_lent"
    PAUSED = "paused"
    TRAINING_NOT_PASSED = "training_not_passed"


@dataclass(frozen=True)
class Waiting:
    """A reason, and the seconds until the next lease of a pair they could judge ends; None where none will."""

    reason: Reason
    retry_after_seconds: int | None = None


def waiting(project: Project, annotator: User) -> Waiting:
    """Tell "you have seen everything" from "others hold the last pairs"; call it when nothing could be lent."""
    if not project.accepts_comparisons:
        return Waiting(Reason.PAUSED)
    if project.training_pairs and _in_training(project, annotator):
        return Waiting(Reason.TRAINING_NOT_PASSED)
    seen = Assignment.objects.filter(
        pair_id=OuterRef("pair_id"),
        annotator=annotator,
        round=0,
        closed_as__in=[Assignment.ClosedAs.COMPARED, Assignment.ClosedAs.SKIPPED],
    )
    lent = Assignment.objects.live().filter(
        ~Exists(seen), project=project, pair__open=True, stream__in=Stream.for_anybody()
    )
    next_free = lent.order_by("lease_ends_at").values_list("lease_ends_at", flat=True).first()
    if next_free is None:
        return Waiting(Reason.NOTHING_LEFT)
    return Waiting(Reason.ALL_LENT, max(1, math.ceil((next_free - timezone.now()).total_seconds())))


def _in_training(project: Project, annotator: User) -> bool:
    return Membership.objects.filter(project=project, user=annotator, trained_at=None).exists()
