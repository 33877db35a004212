"""Lend pairs to annotators, and take them back. A pair is never lent to more people than its overlap.

The guarantee is the pair's `slots_taken`, raised by one conditional UPDATE and bounded by a CHECK; see
docs/decisions/slots-are-a-counter.md. Every transaction locks the assignment before the pair, so none waits in a ring.
"""

import random
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from annotate.models import Assignment, Membership, Pair, Project, Stream, User
from annotate.selectors.next_pair import Candidate, candidates, repeats_have_begun
from annotate.services.errors import NotAllowed, NotComparing

MOST_AT_ONCE = 5


def lease_pairs(*, project: Project, annotator: User, n: int = 1) -> list[Assignment]:
    """Return the annotator's live assignments, lending more pairs until there are `n` or none is left.

    Raises NotComparing if the project is paused or archived, NotAllowed if `annotator` is no active member.
    """
    if not project.accepts_comparisons:
        raise NotComparing("This project is paused. Come back when its admin has resumed it.")
    held = held_by(annotator, project)
    missing = n - len(held)
    if missing <= 0:
        return held[:n]
    while missing > 0 and _lease_one(project, annotator, at_most=n):
        missing -= 1
    return held_by(annotator, project)[:n]


def held_by(annotator: User, project: Project) -> list[Assignment]:
    """Return what is lent to the annotator now, the oldest first."""
    live = Assignment.objects.live().filter(project=project, annotator=annotator)
    return list(live.select_related("pair__prompt", "pair__first", "pair__second").order_by("leased_at", "id"))


def release_expired(project: Project | None = None) -> int:
    """Close the assignments whose lease ended and free their slots; return how many."""
    expired = Assignment.objects.expired()
    if project:
        expired = expired.filter(project=project)
    return sum(_expire(assignment) for assignment in expired.order_by("id")[:1000])


def close(assignment: Assignment, closed_as: Assignment.ClosedAs, **also: object) -> bool:
    """Close an open assignment; return False if something else closed it first. Call inside a transaction."""
    still_open = Assignment.objects.filter(pk=assignment.pk, closed_at=None)
    return still_open.update(closed_at=Now(), closed_as=closed_as, **also) == 1


def take_slot(pair_id: int) -> bool:
    """Take one of the pair's slots if one is free. Call inside a transaction."""
    return Pair.objects.assignable().filter(pk=pair_id).update(slots_taken=F("slots_taken") + 1) == 1


def free_slot(assignment: Assignment) -> None:
    """Give back the slot that the assignment took, if its stream takes one. Call inside a transaction."""
    if assignment.takes_slot:
        Pair.objects.filter(pk=assignment.pair_id).update(slots_taken=F("slots_taken") - 1)


@transaction.atomic
def lease_again(assignment: Assignment) -> Assignment | None:
    """Lend a closed assignment's pair to the same person anew, or None if its last slot has gone meanwhile."""
    candidate = Candidate(
        assignment.pair_id,
        Stream(assignment.stream),
        round=assignment.round,
        p_first=assignment.p_first,
        snapshot_id=assignment.snapshot_id,
        propensity=assignment.propensity,
    )
    _lock_membership(assignment.project, assignment.annotator)
    if not _lend(candidate, assignment.project, assignment.annotator, first_on_left=True):
        return None
    return Assignment.objects.select_related("pair__prompt", "pair__first", "pair__second").get(pk=assignment.pk)


def _lease_one(project: Project, annotator: User, *, at_most: int) -> bool:
    """Lend the best pair that nobody is taking at this moment; only where there is none, wait for those that are."""
    coin = _coin(project, annotator)
    streams = _streams(project, coin.random())
    first_on_left = coin.random() < 0.5
    if _lend_best(project, annotator, streams, at_most=at_most, first_on_left=first_on_left, wait=False):
        return True
    release_expired(project)
    return _lend_best(project, annotator, streams, at_most=at_most, first_on_left=first_on_left, wait=True)


@transaction.atomic
def _lend_best(
    project: Project, annotator: User, streams: tuple[Stream, ...], *, at_most: int, first_on_left: bool, wait: bool
) -> bool:
    """Choose and lend in one transaction: what was chosen cannot be taken in between, however many people ask."""
    _lock_membership(project, annotator)
    if Assignment.objects.live().filter(project=project, annotator=annotator).count() >= at_most:
        return False
    return any(
        _lend(candidate, project, annotator, first_on_left=first_on_left)
        for candidate in candidates(project, annotator, streams=streams, wait=wait)
    )


def _coin(project: Project, annotator: User) -> random.Random:
    """Return the seeded coin of this annotator's next assignment: the same history gives the same draw."""
    n_assignments = Assignment.objects.filter(project=project, annotator=annotator).count()
    return random.Random(f"{project.seed}:{annotator.public_id}:{n_assignments}")


def _streams(project: Project, draw: float) -> tuple[Stream, ...]:
    """Turn a draw in [0, 1) into the stream to try first; repeat and audit give way to learn where they are empty."""
    if draw < project.audit_share:
        return (Stream.AUDIT,)
    if draw < project.audit_share + project.repeat_share and repeats_have_begun(project):
        return (Stream.REPEAT, Stream.LEARN)
    return (Stream.LEARN,)


def _lend(candidate: Candidate, project: Project, annotator: User, *, first_on_left: bool) -> bool:
    """Take the slot and write the assignment, both or neither. Call inside a transaction, the membership locked."""
    identity: dict[str, Any] = {"pair_id": candidate.pair_id, "annotator": annotator, "round": candidate.round}
    lease: dict[str, Any] = {
        "stream": candidate.stream,
        "propensity": candidate.propensity,
        "snapshot_id": candidate.snapshot_id,
        "p_first": candidate.p_first,
        "leased_at": Now(),
        "lease_ends_at": Now() + timedelta(seconds=project.lease_seconds),
    }
    earlier = Assignment.objects.filter(**identity)
    if earlier.exists():
        return _reopen(earlier, candidate, lease)
    if not _take_slot_for(candidate):
        return False
    on_left = first_on_left if candidate.first_on_left is None else candidate.first_on_left
    Assignment.objects.create(project=project, first_on_left=on_left, **identity, **lease)
    return True


@transaction.atomic
def _reopen(earlier: QuerySet[Assignment], candidate: Candidate, lease: dict[str, Any]) -> bool:
    """Lend a closed assignment anew; its sides stay, so that a late verdict from the screen before means the same."""
    unjudged = earlier.exclude(closed_at=None).exclude(closed_as=Assignment.ClosedAs.COMPARED)
    if unjudged.update(closed_at=None, closed_as="", skip_reason="", **lease):
        if _take_slot_for(candidate):
            return True
        transaction.set_rollback(True)
    return False


def _take_slot_for(candidate: Candidate) -> bool:
    return candidate.stream not in Stream.with_slots() or take_slot(candidate.pair_id)


def _lock_membership(project: Project, annotator: User) -> None:
    """Let one request of a person at a time take pairs, so that two tabs draw two coins."""
    membership = Membership.objects.select_for_update().filter(project=project, user=annotator, active=True)
    if not membership.exists():
        raise NotAllowed("You are no longer a member of this project. Ask its admin for an invitation.")


@transaction.atomic
def _expire(assignment: Assignment) -> bool:
    if not close(assignment, Assignment.ClosedAs.EXPIRED):
        return False
    free_slot(assignment)
    return True
