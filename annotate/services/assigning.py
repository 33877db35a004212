"""Lend pairs to annotators. A pair is never lent to more people than its overlap (annotate/services/slots.py).

A person's own requests queue on the lock of their membership, so that two tabs draw two coins. Strangers meet on pairs
alone: a transaction that has taken a pair passes over the pairs that others hold, so none waits in a ring.
"""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from annotate.compiled import Update, compiled, compiled_update
from annotate.models import Assignment, Membership, Project, Stream, User
from annotate.selectors.next_pair import Candidate, candidates, repeats_have_begun, to_show
from annotate.services.errors import NotAllowed, NotComparing
from annotate.services.slots import release_expired, take_slot

MOST_AT_ONCE = 5
MOST_EXPIRED_WHILE_ONE_WAITS = 20
MOST_TRIES = 100  # at one pair each; each that fails is a pair that somebody else has got
LONGEST_HOLD_IN_LEASES = 8
ASK_AGAIN_SHARE = 0.2  # of all leases at most, from the learn stream's, while there is something to ask again


def lease_pairs(*, project: Project, annotator: User, n: int = 1) -> list[Assignment]:
    """Return the annotator's live assignments, the oldest first; lend more until there are `n` or no pair is left.

    Raises NotComparing if the project is paused, archived or asks for rankings, NotAllowed if `annotator` is no active
    member.
    """
    if not project.accepts_comparisons:
        raise NotComparing("This project is paused. Come back when its admin has resumed it.")
    if project.asks_for_rankings:
        raise NotComparing("This project asks for rankings. Ask for responses to put in order instead of pairs.")
    with transaction.atomic():
        held = top_up(lock_membership(project, annotator), n)
    return held if len(held) == n else last_ones(project, annotator, n)


def top_up(membership: Membership, n: int) -> list[Assignment]:
    """Return what the person holds, lending free pairs up to `n`. Call inside a transaction, the membership locked."""
    held = held_by(membership.user, membership.project)[:n]
    while len(held) < n and (lent := _lend_next(membership)):
        held.append(lent)
    return held


def last_ones(project: Project, annotator: User, n: int) -> list[Assignment]:
    """Look again where few pairs are left: among leases that have ended, and among the pairs that others lock.

    Call outside a transaction.
    """
    n_released = release_expired(project, at_most=MOST_EXPIRED_WHILE_ONE_WAITS)
    if n_released or connection.features.has_select_for_update_skip_locked:
        for _ in range(MOST_TRIES):
            if not _contend_for_one(project, annotator, at_most=n):
                break
    return held_by(annotator, project)[:n]


def lock_membership(project: Project, annotator: User) -> Membership:
    """Let one request of a person at a time lend, judge, renew or leave; return the membership.

    Each takes several rows, in orders of its own: without this lock two tabs could wait for each other in a ring. Call
    inside a transaction. Raises NotAllowed for no active member.
    """
    membership = next(iter(_locked_membership(project.pk, annotator.pk)), None)
    if membership is None:
        raise NotAllowed("You are no longer a member of this project. Ask its admin for an invitation.")
    membership.project, membership.user = project, annotator
    return membership


def held_by(annotator: User, project: Project) -> list[Assignment]:
    """Return what is lent to the annotator now, the oldest first."""
    held = _live(project.pk, annotator.pk)
    for assignment in held:
        assignment.project, assignment.annotator = project, annotator
    return held


@compiled
def _live(project: int, annotator: int) -> QuerySet[Assignment]:
    live = Assignment.objects.live().filter(project=project, annotator=annotator)
    return live.select_related("pair__prompt", "pair__first", "pair__second").order_by("leased_at", "id")


@compiled
def _locked_membership(project: int, annotator: int) -> QuerySet[Membership]:
    own = Membership.objects.filter(project=project, user=annotator, active=True)
    return own.select_for_update(no_key=True)


@transaction.atomic
def renew_leases(*, project: Project, annotator: User) -> dict[UUID, datetime]:
    """Let the annotator keep what they hold for a whole lease from now; return when each assignment's lease ends.

    Nobody keeps a pair longer than LONGEST_HOLD_IN_LEASES leases, however long their page stays open. Raises NotAllowed
    for no active member.
    """
    lock_membership(project, annotator)
    lease = timedelta(seconds=project.lease_seconds)
    own = Assignment.objects.filter(project=project, annotator=annotator, closed_at=None)
    own.filter(leased_at__gt=Now() - (LONGEST_HOLD_IN_LEASES - 1) * lease).update(lease_ends_at=Now() + lease)
    return dict(own.values_list("public_id", "lease_ends_at"))


@transaction.atomic
def lease_again(assignment: Assignment) -> Assignment | None:
    """Lend a closed assignment's pair to the same person anew, or None if its last slot has gone meanwhile."""
    membership = lock_membership(assignment.project, assignment.annotator)
    candidate = Candidate(
        to_show(assignment.pair_id),
        Stream(assignment.stream),
        round=assignment.round,
        p_first=assignment.p_first,
        snapshot_id=assignment.snapshot_id,
        propensity=assignment.propensity,
        lent_before=True,
    )
    return lend(candidate, membership)


@transaction.atomic
def _contend_for_one(project: Project, annotator: User, *, at_most: int) -> bool:
    """Try for one pair that others may be taking too: who is first has it. Return False where there is none to try for.

    One pair in one transaction, which holds no other while it waits: PostgreSQL keeps a row that it waited for locked
    until the transaction ends, also where it was found taken.
    """
    membership = lock_membership(project, annotator)
    if Assignment.objects.live().filter(project=project, annotator=annotator).count() >= at_most:
        return False
    streams, first_on_left = _draw(membership)
    for candidate in candidates(membership, streams=streams, lock=False):
        if lend(candidate, membership, first_on_left=first_on_left):
            _remember(membership, candidate)
        return True
    return False


def _lend_next(membership: Membership) -> Assignment | None:
    """Choose and lend in one transaction: what was chosen cannot be taken in between, however many people ask."""
    streams, first_on_left = _draw(membership)
    for candidate in candidates(membership, streams=streams, lock=True):
        if lent := lend(candidate, membership, first_on_left=first_on_left):
            _remember(membership, candidate)
            return lent
    return None


def _draw(membership: Membership) -> tuple[tuple[Stream, ...], bool]:
    """Draw the streams to try and the side of the first response: the same history gives the same draw."""
    coin = random.Random(f"{membership.project.seed}:{membership.user.public_id}:{membership.n_lent}")
    return _streams(membership.project, coin.random()), coin.random() < 0.5


def _remember(membership: Membership, candidate: Candidate) -> None:
    """Count the lease, and note how far a walk through the random order has come."""
    membership.n_lent += 1
    if candidate.walked:
        setattr(membership, "audit_place" if candidate.pair.audit else "learn_place", candidate.pair.shuffle)
    _store_walk(membership.pk, membership.n_lent, membership.learn_place, membership.audit_place)


@compiled_update
def _store_walk(membership: int, n_lent: int, learn_place: int, audit_place: int) -> Update:
    places = {"learn_place": learn_place, "audit_place": audit_place}
    return Membership.objects.filter(pk=membership), {"n_lent": n_lent, **places}


def _streams(project: Project, draw: float) -> tuple[Stream, ...]:
    """Turn a draw in [0, 1) into the stream to try first; the others give way to learn where they are empty."""
    if draw < project.audit_share:
        return (Stream.AUDIT,)
    if draw < project.audit_share + project.repeat_share and repeats_have_begun(project):
        return (Stream.REPEAT, Stream.LEARN)
    others = project.audit_share + project.repeat_share
    if others <= draw < others + project.gold_share:
        return (Stream.GOLD, Stream.LEARN)
    return (Stream.AGAIN, Stream.LEARN) if draw >= 1 - ASK_AGAIN_SHARE else (Stream.LEARN,)


def lend(candidate: Candidate, membership: Membership, *, first_on_left: bool = True) -> Assignment | None:
    """Take the slot and write the assignment, both or neither. Call inside a transaction, the membership locked."""
    identity: dict[str, Any] = {"pair": candidate.pair, "annotator": membership.user, "round": candidate.round}
    lease: dict[str, Any] = {
        "stream": candidate.stream,
        "propensity": candidate.propensity,
        "snapshot_id": candidate.snapshot_id,
        "p_first": candidate.p_first,
        "leased_at": candidate.now,
        "lease_ends_at": candidate.now + timedelta(seconds=membership.project.lease_seconds),
    }
    if candidate.lent_before:
        return _reopen(Assignment.objects.filter(**identity), candidate, membership, lease)
    if not take_slot(candidate.pair.pk, candidate.stream):
        return None
    on_left = first_on_left if candidate.first_on_left is None else candidate.first_on_left
    return Assignment.objects.create(project=membership.project, first_on_left=on_left, **identity, **lease)


@transaction.atomic
def _reopen(
    earlier: QuerySet[Assignment], candidate: Candidate, membership: Membership, lease: dict[str, Any]
) -> Assignment | None:
    """Lend a closed assignment anew; its sides stay, so that a late verdict from the screen before means the same."""
    unjudged = earlier.exclude(closed_at=None).exclude(closed_as=Assignment.ClosedAs.COMPARED)
    if not unjudged.update(closed_at=None, closed_as="", skip_reason="", **lease):
        return None
    if not take_slot(candidate.pair.pk, candidate.stream):
        transaction.set_rollback(True)
        return None
    assignment = earlier.get()
    assignment.project, assignment.annotator, assignment.pair = membership.project, membership.user, candidate.pair
    return assignment
