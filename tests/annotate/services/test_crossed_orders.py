"""What takes the same pairs from two sides at once: nobody waits in a ring, and every slot is given back once."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db.models import F, Sum
from django.db.models.functions import Now

from annotate.models import Assignment, Comparison, Outcome, Pair, Project, Role, Stream, User
from annotate.services import voiding
from annotate.services.comparing import Verdict, judge_and_lease, record_comparison
from annotate.services.errors import NotAllowed
from annotate.services.members import remove_member, set_member
from annotate.services.voiding import void_comparisons
from tests.at_once import at_once
from tests.factories import lease, make_member, make_project

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5


def hold(annotator: User, pairs: Iterable[Pair]) -> list[Assignment]:
    """Lend these pairs in this order."""
    held = []
    for pair in pairs:
        Pair.objects.filter(pk=pair.pk).update(slots_taken=F("slots_taken") + 1)
        held.append(
            Assignment.objects.create(
                project=pair.project, pair=pair, annotator=annotator, stream=Stream.LEARN, first_on_left=True,
                leased_at=Now(), lease_ends_at=Now() + timedelta(hours=1),
            )
        )  # fmt: skip
    return held


def both_hold_all(number: int) -> tuple[Project, dict[User, list[Assignment]]]:
    """Return a project whose pairs two people hold, each in the other's opposite order."""
    project = make_project(f"crossed-{number}", n_pairs=12, overlap=2)
    pairs = list(project.pairs.order_by("pk"))
    bob, dora = make_member(project, f"bob-{number}"), make_member(project, f"dora-{number}")
    return project, {bob: hold(bob, pairs), dora: hold(dora, reversed(pairs))}


def n_slots(project: Project) -> int:
    return int(project.pairs.aggregate(n=Sum("slots_taken"))["n"])


def test_two_members_who_hold_the_same_pairs_are_removed_at_once() -> None:
    for number in range(ROUNDS):
        project, holders = both_hold_all(number)
        alice = make_member(project, f"alice-{number}", role=Role.ADMIN)

        results = at_once(lambda one, a=alice, p=project: remove_member(project=p, user=one, by=a), list(holders))

        assert results == [None, None]
        assert n_slots(project) == 0


def test_two_peoples_verdicts_on_the_same_pairs_are_voided_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voiding, "AT_ONCE", 1)
    for number in range(ROUNDS):
        project, holders = both_hold_all(number)
        alice = make_member(project, f"alice-{number}", role=Role.ADMIN)
        for annotator, held in holders.items():
            for one in held:
                record_comparison(assignment=one, outcome=Outcome.FIRST, client_key=uuid4(), by=annotator)

        void = partial(void_comparisons, project=project, by=alice)
        results = at_once(lambda one, act=void: act(annotator=one), list(holders))

        assert results == [12, 12]
        assert n_slots(project) == 0


def test_a_verdict_races_the_removal_of_its_annotator() -> None:
    project = make_project("removed", n_pairs=40)
    alice, bob = make_member(project, "alice", role=Role.ADMIN), make_member(project, "bob")

    for _ in range(2 * ROUNDS):
        judge = partial(
            judge_and_lease, assignment=lease(project, bob), verdict=Verdict(Outcome.FIRST, uuid4()), by=bob, n=1
        )
        removed, judged = at_once(
            lambda act: act(), [partial(remove_member, project=project, user=bob, by=alice), judge]
        )

        assert removed is None
        assert not isinstance(judged, Exception) or isinstance(judged, NotAllowed), judged
        assert n_slots(project) == Comparison.objects.live().count()
        set_member(project=project, user=bob, role=Role.ANNOTATOR)
