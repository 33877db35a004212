"""Lend pairs to annotators, and take them back. A pair is never lent to more people than its overlap.

The guarantee is the pair's `slots_taken`, raised by one conditional UPDATE and bounded by a CHECK; see
docs/decisions/slots-are-a-counter.md. Every transaction locks the assignment before the pair, so none waits in a ring.
"""

import random
from datetime import timedelta

from django.db import transaction
from django.db.models import F
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
    held = held_by(annotator, project)[:n]
    while len(held) < n and (assignment := _lease_one(project, annotator)):
        held.append(assignment)
    return held


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


def lease_again(assignment: Assignment) -> Assignment | None:
    """Lend a closed assignment's pair to the same person anew, or None if its last slot has gone meanwhile."""
    candidate = Candidate(
        assignment.pair_id,
        Stream(assignment.stream),
        round=assignment.round,
        p_first=assignment.p_first,
        snapshot_id=assignment.snapshot_id,
        propensity=assignment.propensity,
        first_on_left=assignment.first_on_left,
    )
    return _lend(candidate, assignment.project, assignment.annotator, assignment.first_on_left)


def _lease_one(project: Project, annotator: User) -> Assignment | None:
    coin = _coin(project, annotator)
    streams = _streams(project, coin.random())
    first_on_left = coin.random() < 0.5
    for _ in range(2):
        for candidate in candidates(project, annotator, streams=streams):
            if lent := _lend(candidate, project, annotator, first_on_left):
                return lent
        if not release_expired(project):
            return None
    return None


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


@transaction.atomic
def _lend(candidate: Candidate, project: Project, annotator: User, first_on_left: bool) -> Assignment | None:
    """Write the assignment and take the slot, both or neither."""
    _lock_membership(project, annotator)
    earlier = Assignment.objects.filter(pair_id=candidate.pair_id, annotator=annotator, round=candidate.round)
    lease = {
        "stream": candidate.stream,
        "propensity": candidate.propensity,
        "snapshot_id": candidate.snapshot_id,
        "p_first": candidate.p_first,
        "first_on_left": first_on_left if candidate.first_on_left is None else candidate.first_on_left,
        "leased_at": Now(),
        "lease_ends_at": Now() + timedelta(seconds=project.lease_seconds),
    }
    if earlier.exists():
        lease["first_on_left"] = F("first_on_left")  # a late verdict from the screen before must mean the same sides
        reopened = earlier.exclude(closed_at=None).update(closed_at=None, closed_as="", skip_reason="", **lease)
        lent = reopened == 1
    else:
        Assignment.objects.create(
            project=project, pair_id=candidate.pair_id, annotator=annotator, round=candidate.round, **lease
        )
        lent = True
    if not lent or (candidate.stream in Stream.with_slots() and not take_slot(candidate.pair_id)):
        transaction.set_rollback(True)
        return None
    return earlier.select_related("pair__prompt", "pair__first", "pair__second", "project").get()


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
