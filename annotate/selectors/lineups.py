"""Which responses an annotator of a ranking project could be lent next. Reading only: services.ranking takes the slots.

A lineup is grown around one pair, the best of its stream: further responses of its prompt join while all pairs among
them are free and new to the annotator, so that every pair of a lineup can be lent as any pair is.
"""

from datetime import timedelta
from itertools import combinations
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from annotate.models import Assignment, Membership, Pair, Project, QueuedPair, Ranking, Response, Stream, User
from annotate.selectors.next_pair import Candidate, new_to, thought_of


def next_anchor(membership: Membership, *, audit_first: bool, passed_over: set[int]) -> Pair | None:
    """Return the best free pair, without a lock: of the audit pairs in random order, or of the queue, then of the rest.

    passed_over: prompts that others are taking at this moment.
    """
    free = _free(membership).exclude(prompt__in=passed_over)
    learn, audit = free.filter(audit=False), free.filter(audit=True).order_by("shuffle")
    queued = learn.filter(queued__project=membership.project).order_by("queued__position")
    sources = [queued, learn.order_by("shuffle")]
    for source in [audit, *sources] if audit_first else [*sources, audit]:
        if anchor := source.first():
            return anchor
    return None


def lineup_around(membership: Membership, anchor: Pair) -> list[Candidate]:
    """Return the pairs of the lineup around a pair, in order of id; none where the pair is no longer free.

    Call inside a transaction, the prompt locked.
    """
    pairs = _free(membership).filter(prompt=anchor.prompt_id, audit=anchor.audit)
    by_ends = {(pair.first_id, pair.second_id): pair for pair in pairs}
    if (anchor.first_id, anchor.second_id) not in by_ends:
        return []
    lineup = [anchor.first_id, anchor.second_id]
    for response in sorted({end for ends in by_ends for end in ends} - set(lineup)):
        fits = all((min(response, one), max(response, one)) in by_ends for one in lineup)
        if fits and len(lineup) < membership.project.ranking_size:
            lineup.append(response)
    return _candidates([by_ends[ends] for ends in combinations(sorted(lineup), 2)], membership.project)


def same_lineup(membership: Membership, ranking: Ranking) -> list[Candidate]:
    """Return the pairs of a ranking that was taken back, if all are still free; call as lineup_around."""
    pairs = list(_free(membership).filter(first__in=ranking.lineup, second__in=ranking.lineup))
    whole = len(pairs) == len(ranking.lineup) * (len(ranking.lineup) - 1) // 2
    return _candidates(pairs, membership.project) if whole else []


def unranked(membership: Membership, prompt: int, responses: list[int]) -> Ranking | None:
    """Return the ranking of these responses that was lent to the person before and whose lease ended without an order.

    Lent again, it is the same one: its page may still be open, and its order still be on its way.
    """
    own = Ranking.objects.filter(project=membership.project, annotator=membership.user, prompt=prompt, ranked_at=None)
    return next((one for one in own.order_by("-id") if sorted(one.lineup) == responses), None)


def newest_like(ranking: Ranking) -> Ranking:
    """Return the newest ranking of the same responses in the same order by the same person: this one, or after it."""
    own = Ranking.objects.filter(annotator=ranking.annotator_id, prompt=ranking.prompt_id, lineup=ranking.lineup)
    return own.select_related("project", "annotator", "prompt").latest("id")


def held_rankings(project: Project, annotator: User) -> list[Ranking]:
    """Return the rankings that are lent to the annotator now, the oldest first, each with its `lease_ends_at`.

    No two of them share a pair: what a person holds is not free to them.
    """
    ends = Assignment.objects.live().filter(ranking=OuterRef("pk")).order_by("lease_ends_at").values("lease_ends_at")
    unranked_ones = Ranking.objects.filter(project=project, annotator=annotator, ranked_at=None)
    held = unranked_ones.annotate(lease_ends_at=Subquery(ends[:1])).exclude(lease_ends_at=None)
    return list(held.select_related("prompt", "project", "annotator").order_by("leased_at", "id"))


def responses_of(rankings: list[Ranking]) -> dict[int, Response]:
    """Return the responses that these lineups show, by their ids."""
    return Response.objects.in_bulk({response for ranking in rankings for response in ranking.lineup})


def own_ranking(annotator: User, public_id: UUID) -> Ranking | None:
    """Return the annotator's ranking by the name that they know it by, or None outside the projects they belong to."""
    visible = Project.objects.visible_to(annotator)
    own = Ranking.objects.filter(public_id=public_id, annotator=annotator, project__in=visible)
    return own.select_related("prompt", "project", "annotator").first()


def _free(membership: Membership) -> QuerySet[Pair]:
    return new_to(membership.user_id).assignable().filter(project=membership.project)


def _candidates(pairs: list[Pair], project: Project) -> list[Candidate]:
    queued = {row.pair_id: row for row in QueuedPair.objects.filter(pair__in=pairs)}
    return [
        thought_of(
            pair,
            Stream.AUDIT if pair.audit else Stream.LEARN,
            queued.get(pair.pk),
            propensity=project.audit_share if pair.audit else None,
        )
        for pair in sorted(pairs, key=lambda pair: pair.pk)
    ]


def undoable_ranking(project: Project, annotator: User) -> Ranking | None:
    """Return the annotator's newest standing ranking while it may still be undone."""
    own = Ranking.objects.filter(project=project, annotator=annotator, ranked_at__isnull=False, retracted_at=None)
    window = timedelta(seconds=project.undo_seconds)
    newest = own.order_by("-ranked_at").first()
    return newest if newest and own.filter(pk=newest.pk, ranked_at__gte=Now() - window).exists() else None
