"""Rankings: several responses of a prompt lent at once, put in order, and undone as one.

A ranking is its pairs lent and judged together, so slots, leases and late verdicts are those of pairs. Whoever takes
several pairs of a prompt locks the membership and then the prompt, so that none waits in a ring.
"""

import random
from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from annotate.models import (
    Assignment,
    Comparison,
    ComparisonEvent,
    Membership,
    Outcome,
    Project,
    Prompt,
    Ranking,
    User,
)
from annotate.selectors.lineups import held_rankings, lineup_around, newest_like, next_anchor, same_lineup, unranked
from annotate.selectors.next_pair import Candidate
from annotate.services.assigning import lend, lock_membership
from annotate.services.comparing import LONGEST_REASON, check_undone, store
from annotate.services.errors import AlreadyCompared, Conflict, InvalidInput, KeyReused, NotComparing, NotFound
from annotate.services.slots import close, free_slot, release_expired
from annotate.services.verdicts import LONGEST_COMMENT, Timing, Verdict, check_text

MOST_TRIES = 20
Tiers = list[list[int]]


def lease_rankings(*, project: Project, annotator: User, n: int = 1) -> list[Ranking]:
    """Return the rankings that the annotator holds, the oldest first; lend more until there are `n` or no pair is left.

    One that was undone is held beyond `n`. Raises NotComparing if the project is paused, archived or asks for no
    rankings, NotAllowed for no active member.
    """
    if not project.accepts_comparisons or not project.asks_for_rankings:
        raise NotComparing("This project asks for no rankings now. Look at its overview.")
    held = held_rankings(project, annotator)
    missing = n - len(held)
    if missing <= 0:
        return held
    release_expired(project)
    while missing and _lend_one(project, annotator, at_most=n):
        missing -= 1
    return held_rankings(project, annotator)


def record_ranking(
    *,
    ranking: Ranking,
    tiers: Sequence[Sequence[int]],
    client_key: UUID,
    by: User,
    comment: str = "",
    timing: Timing | None = None,
    guideline_version: int | None = None,
) -> tuple[Ranking, bool]:
    """Store an order of the lineup (response ids, best first, equals together) and all its comparisons, or nothing.

    Returns the ranking and whether this call stored it; a replay with the same key returns the first one. An order of a
    ranking that was taken back is stored in the one lent since, or in one begun now. Raises NotFound, KeyReused and
    AlreadyCompared as a verdict on a pair does, InvalidInput where the order is not one of exactly the responses that
    were lent.
    """
    if ranking.annotator_id != by.pk:
        raise NotFound("There is no such ranking. Ask for the next one.")
    order = [list(tier) for tier in tiers]
    said = Verdict(Outcome.TIE, uuid4(), comment, timing or Timing(), guideline_version=guideline_version)
    try:
        _check(ranking, order, comment)
        return _store(ranking, order, client_key, said), True
    except (IntegrityError, AlreadyCompared, InvalidInput):
        if first := Ranking.objects.filter(client_key=client_key).first():
            return _same(first, ranking, order, comment), False
        raise


@transaction.atomic
def skip_ranking(*, ranking: Ranking, reason: str, by: User) -> None:
    """Give a ranking back without an order; its pairs go to somebody else. Raises NotFound, Conflict, InvalidInput."""
    _lock_own(ranking, by)
    check_text(reason, "reason", at_most=LONGEST_REASON)
    closed = [
        assignment
        for assignment in ranking.assignments.order_by("pair_id")
        if close(assignment, Assignment.ClosedAs.SKIPPED, skip_reason=reason)
    ]
    for assignment in closed:
        free_slot(assignment)
    if not closed:
        raise Conflict("These responses were already ranked or given back. Ask for the next ones.")


@transaction.atomic
def retract_ranking(*, ranking: Ranking, by: User) -> bool:
    """Undo a ranking of one's own inside the project's window: all of its comparisons, with their slots.

    Returns whether this call did it: asked again, it is done already and nothing changes. Raises NotFound if it is
    somebody else's, Conflict if it was voided, if some of its pairs were judged anew since or the window has closed.
    """
    _lock_own(ranking, by)
    window = timedelta(seconds=ranking.project.undo_seconds)
    standing = Ranking.objects.filter(pk=ranking.pk, retracted_at=None, ranked_at__gte=Now() - window)
    made = list(Comparison.objects.live().filter(ranking=ranking).select_related("assignment").order_by("id"))
    if not made or not standing.update(retracted_at=Now()):
        judged = Comparison.objects.filter(ranking=ranking)
        check_undone(judged, Assignment.objects.filter(comparisons__in=judged))
        return False
    Comparison.objects.filter(pk__in=[one.pk for one in made]).update(retracted_at=Now())
    kind = ComparisonEvent.Kind.RETRACT
    ComparisonEvent.objects.bulk_create(
        ComparisonEvent(project_id=ranking.project_id, comparison=one, kind=kind, by=by) for one in made
    )
    for one in sorted(made, key=lambda one: one.assignment.pair_id):
        Assignment.objects.filter(pk=one.assignment_id).update(closed_at=Now(), closed_as=Assignment.ClosedAs.UNDONE)
        if not one.surplus:
            free_slot(one.assignment)
    return True


@transaction.atomic
def lease_ranking_again(ranking: Ranking) -> Ranking | None:
    """Lend the same lineup to the same person anew, in the same order; None if one of its slots has gone meanwhile."""
    membership = _lock_own(ranking, ranking.annotator)
    candidates = same_lineup(membership, ranking)
    return _lend(membership, candidates, ranking.lineup) if candidates else None


def _lend_one(project: Project, annotator: User, *, at_most: int) -> bool:
    """Lend one ranking more, unless the annotator holds `at_most`; return whether it was lent.

    One ranking in one transaction: nobody holds one prompt while they wait for another.
    """
    passed_over: set[int] = set()
    for attempt in range(MOST_TRIES):
        wait = attempt > MOST_TRIES // 2
        with transaction.atomic():
            membership = lock_membership(project, annotator)
            if len(held_rankings(project, annotator)) >= at_most:
                return False
            ranking, busy = _lend_next(membership, set() if wait else passed_over, wait=wait)
        if ranking or not (busy or passed_over):
            return ranking is not None
        passed_over |= busy
    return False


def _lend_next(membership: Membership, passed_over: set[int], *, wait: bool) -> tuple[Ranking | None, set[int]]:
    """Lend the lineup around the best pair; return it, or the prompt that somebody else is taking just now."""
    coin = random.Random(f"{membership.project.seed}:{membership.user.public_id}:{membership.n_lent}")
    audit_first = coin.random() < membership.project.audit_share
    anchor = next_anchor(membership, audit_first=audit_first, passed_over=passed_over)
    if anchor is None:
        return None, set()
    prompts = Prompt.objects.select_for_update(skip_locked=not wait, no_key=True)
    if not prompts.filter(pk=anchor.prompt_id).first():
        return None, {anchor.prompt_id}
    candidates = lineup_around(membership, anchor)
    lineup = sorted({end for one in candidates for end in (one.pair.first_id, one.pair.second_id)})
    earlier = unranked(membership, anchor.prompt_id, lineup)
    coin.shuffle(lineup)
    ranking = _lend(membership, candidates, lineup, earlier) if candidates else None
    return ranking, set() if ranking else {anchor.prompt_id}


@transaction.atomic
def _lend(
    membership: Membership, candidates: list[Candidate], lineup: list[int], earlier: Ranking | None = None
) -> Ranking | None:
    """Take a slot of every pair and write the ranking, all or none; `earlier` is written on in its own order."""
    lent = []
    for candidate in candidates:
        if (assignment := lend(candidate, membership)) is None:
            transaction.set_rollback(True)
            return None
        lent.append(assignment)
    ranking = earlier or Ranking(
        project=membership.project, prompt=candidates[0].pair.prompt, annotator=membership.user, lineup=lineup
    )
    ranking.leased_at = candidates[0].now
    ranking.save()
    _join(lent, ranking)
    Membership.objects.filter(pk=membership.pk).update(n_lent=F("n_lent") + 1)
    return ranking


def _join(lent: list[Assignment], ranking: Ranking) -> None:
    """Make the assignments part of the ranking, with the sides in which it shows them."""
    place = {response: at for at, response in enumerate(ranking.lineup)}
    for assignment in lent:
        assignment.ranking = ranking
        assignment.first_on_left = place[assignment.pair.first_id] < place[assignment.pair.second_id]
    Assignment.objects.bulk_update(lent, ["ranking", "first_on_left"])


@transaction.atomic
def _store(ranking: Ranking, order: Tiers, client_key: UUID, said: Verdict) -> Ranking:
    _lock_own(ranking, ranking.annotator)
    ranking = _to_write_in(ranking)
    ranked = Ranking.objects.filter(pk=ranking.pk, ranked_at=None)
    if not ranked.update(tiers=order, comment=said.comment, client_key=client_key, ranked_at=Now()):
        raise AlreadyCompared("You have already ranked these responses; your first order stands.")
    level = {response: at for at, tier in enumerate(order) for response in tier}
    for assignment in _assignments(ranking):
        outcome = _outcome(level[assignment.pair.first_id], level[assignment.pair.second_id])
        verdict = Verdict(outcome, uuid4(), "", said.timing, guideline_version=said.guideline_version)
        store(assignment, verdict, ranking)
    ranking.refresh_from_db()
    return ranking


def _to_write_in(ranking: Ranking) -> Ranking:
    """Return the ranking, or the one in its place where it was taken back: lent anew since, or begun now."""
    newest = newest_like(ranking)
    if newest.retracted_at is None:
        return newest
    newest.pk, newest.public_id = None, uuid4()
    newest.tiers = newest.client_key = newest.ranked_at = newest.retracted_at = None
    newest.save(force_insert=True)
    return newest


def _assignments(ranking: Ranking) -> list[Assignment]:
    """Return the assignments of every pair of the lineup, also where they were lent anew in another ranking since."""
    own = Assignment.objects.filter(
        annotator=ranking.annotator_id, round=0, pair__first__in=ranking.lineup, pair__second__in=ranking.lineup
    )
    assignments = list(own.select_related("pair", "project", "annotator").order_by("pair_id"))
    wanted = len(list(combinations(ranking.lineup, 2)))
    judged = Comparison.objects.filter(assignment__in=assignments, retracted_at=None)
    if len(assignments) != wanted or judged.exists():
        raise AlreadyCompared("You have judged some of these pairs elsewhere; those verdicts stand.")
    return assignments


def _outcome(first: int, second: int) -> Outcome:
    return Outcome.TIE if first == second else Outcome.FIRST if first < second else Outcome.SECOND


def _lock_own(ranking: Ranking, by: User) -> Membership:
    """Lock the membership and the prompt, in this order. Call inside a transaction."""
    if ranking.annotator_id != by.pk:
        raise NotFound("There is no such ranking. Ask for the next one.")
    membership = lock_membership(ranking.project, by)
    Prompt.objects.select_for_update(no_key=True).get(pk=ranking.prompt_id)
    return membership


def _check(ranking: Ranking, order: Tiers, comment: str) -> None:
    if sorted(response for tier in order for response in tier) != sorted(ranking.lineup) or not all(order):
        raise InvalidInput("The order does not hold each of the responses once. Give every response a place.")
    check_text(comment, "comment", at_most=LONGEST_COMMENT)


def _same(stored: Ranking, ranking: Ranking, order: Tiers, comment: str) -> Ranking:
    if (stored.annotator_id, stored.tiers, stored.comment) != (ranking.annotator_id, order, comment):
        raise KeyReused("This client_key was used for another order. Make a new key for each ranking.")
    return stored
