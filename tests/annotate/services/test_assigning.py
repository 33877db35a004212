"""Lending pairs: streams, leases, slots. The concurrency figures are in test_slots.py."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db.models.functions import Now

from annotate.models import Assignment, Outcome, Project, QueuedPair, Snapshot, Stream, User
from annotate.services.assigning import lease_again, lease_pairs
from annotate.services.comparing import record_comparison, retract_comparison, skip_assignment
from annotate.services.errors import NotAllowed, NotComparing
from annotate.services.projects import archive_project, pause_project, resume_project
from annotate.services.slots import release_expired
from tests.factories import compare, lease, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db


def end_lease(assignment: Assignment) -> None:
    Assignment.objects.filter(pk=assignment.pk).update(lease_ends_at=Now() - timedelta(seconds=1))


def queue(project: Project, *pairs: object) -> Snapshot:
    snapshot = Snapshot.objects.create(
        project=project, number=1, watermark="w", config_digest="c", encoder_key="e", n_comparisons=0,
        weights=b"", digest="d", config={}, metrics={}, seconds=0, device="cpu",
    )  # fmt: skip
    for position, pair in enumerate(pairs):
        QueuedPair.objects.create(project=project, pair=pair, position=position, p_first=0.7, snapshot=snapshot)
    return snapshot


def test_a_pair_that_was_judged_late_is_not_lent_to_the_same_person_again(project: Project, bob: User) -> None:
    assignment = lease(project, bob)
    end_lease(assignment)
    release_expired()
    record_comparison(assignment=assignment, outcome=Outcome.FIRST, client_key=uuid4(), by=bob)

    assert lease_again(assignment) is None

    assignment.refresh_from_db()
    assignment.pair.refresh_from_db()
    assert (assignment.closed_as, assignment.pair.slots_taken) == (Assignment.ClosedAs.COMPARED, 1)


def test_asking_twice_returns_the_same_assignment(project: Project, bob: User) -> None:
    first = lease(project, bob)

    again = lease(project, bob)

    assert again == first
    assert Assignment.objects.count() == 1


def test_an_assignment_takes_a_slot(project: Project, bob: User) -> None:
    assignment = lease(project, bob)

    assignment.pair.refresh_from_db()
    assert assignment.pair.slots_taken == 1


def test_the_queue_is_served_in_its_order_with_what_the_head_thought(project: Project, bob: User) -> None:
    third = project.pairs.get(shuffle=3)
    snapshot = queue(project, third)

    assignment = lease(project, bob)

    assert assignment.pair == third
    assert (assignment.p_first, assignment.snapshot, assignment.stream) == (0.7, snapshot, Stream.LEARN)


def test_without_a_queue_any_open_pair_is_served(project: Project, bob: User) -> None:
    assert lease(project, bob).stream == Stream.LEARN


def test_nobody_sees_a_pair_twice_and_everybody_comes_to_an_end(project: Project, bob: User) -> None:
    judged = [compare(project, bob).assignment.pair_id for _ in range(5)]

    assert len(set(judged)) == 5
    assert lease_pairs(project=project, annotator=bob) == []


def test_two_annotators_never_hold_one_pair_of_overlap_one(project: Project, bob: User, alice: User) -> None:
    assert lease(project, bob).pair_id != lease(project, alice).pair_id


def test_several_pairs_can_be_lent_ahead(project: Project, bob: User) -> None:
    ahead = lease_pairs(project=project, annotator=bob, n=3)

    assert len({assignment.pair_id for assignment in ahead}) == 3
    assert lease_pairs(project=project, annotator=bob, n=3) == ahead


def test_an_expired_lease_returns_its_pair_to_the_pool(db: None) -> None:
    project = make_project(n_pairs=1)
    bob, dora = make_member(project, "bob"), make_member(project, "dora")
    end_lease(lease(project, bob))

    released = release_expired()

    assert released == 1
    assert lease(project, dora).pair == project.pairs.get()


def test_a_pool_emptied_by_expired_leases_heals_without_the_ticker(db: None) -> None:
    project = make_project(n_pairs=1)
    bob, dora = make_member(project, "bob"), make_member(project, "dora")
    end_lease(lease(project, bob))

    assert lease(project, dora).annotator == dora


def test_releasing_twice_frees_the_slot_once(project: Project, bob: User) -> None:
    assignment = lease(project, bob)
    end_lease(assignment)

    assert (release_expired(), release_expired()) == (1, 0)
    assignment.pair.refresh_from_db()
    assert assignment.pair.slots_taken == 0


def test_a_skipped_pair_goes_to_somebody_else_and_not_to_the_same_person(db: None) -> None:
    project = make_project(n_pairs=1)
    bob, dora = make_member(project, "bob"), make_member(project, "dora")
    skip_assignment(assignment=lease(project, bob), reason="too hard", by=bob)

    assert lease_pairs(project=project, annotator=bob) == []
    assert lease(project, dora).pair == project.pairs.get()


def test_an_undone_pair_is_lent_again_to_its_annotator_with_the_same_sides(project: Project, bob: User) -> None:
    comparison = compare(project, bob)
    retract_comparison(comparison=comparison, by=bob)

    again = lease_again(comparison.assignment)

    assert again is not None
    assert again.pk == comparison.assignment.pk
    assert again.first_on_left == comparison.assignment.first_on_left
    assert again.closed_at is None


def test_an_undone_pair_is_not_lent_again_once_its_slot_has_gone(db: None) -> None:
    project = make_project(n_pairs=1)
    bob, dora = make_member(project, "bob"), make_member(project, "dora")
    comparison = compare(project, bob)
    retract_comparison(comparison=comparison, by=bob)
    lease(project, dora)

    assert lease_again(comparison.assignment) is None


def test_audit_pairs_are_served_in_hash_order_with_their_propensity(db: None) -> None:
    project = make_project(audit_share=1.0)
    later, sooner = make_pair(project, 9, audit=True), make_pair(project, 2, audit=True)
    bob = make_member(project)

    assignment = lease(project, bob)

    assert (assignment.pair, assignment.stream, assignment.propensity) == (sooner, Stream.AUDIT, 1.0)
    assert assignment.pair != later


def test_the_learn_stream_leaves_audit_pairs_alone_until_nothing_else_is_left(db: None) -> None:
    project = make_project()
    make_pair(project, 1, audit=True)
    make_pair(project, 2)
    bob = make_member(project)

    streams = [compare(project, bob).assignment.stream for _ in range(2)]

    assert streams == [Stream.LEARN, Stream.AUDIT]


def test_streams_are_drawn_by_a_seeded_coin_at_the_projects_shares(db: None) -> None:
    project = make_project(audit_share=0.3, overlap=1, seed=1)
    for number in range(200):
        make_pair(project, number, audit=number % 2 == 0, overlap=1)
    bob = make_member(project)
    User.objects.filter(pk=bob.pk).update(public_id=UUID(int=1))  # the coin's seed, beside the project's

    streams = [compare(project, bob).assignment.stream for _ in range(100)]

    assert 21 <= streams.count(Stream.AUDIT) <= 39  # 30 expected; a standard deviation is 4.6


def test_repeats_come_to_the_same_person_with_swapped_sides_and_take_no_slot(db: None) -> None:
    project = make_project(n_pairs=1, repeat_share=1.0, repeat_after=0)
    bob = make_member(project)
    first_look = compare(project, bob).assignment
    Assignment.objects.update(closed_at=Now() - timedelta(days=2))

    repeat = lease(project, bob)

    assert (repeat.pair, repeat.round, repeat.stream) == (first_look.pair, 1, Stream.REPEAT)
    assert repeat.first_on_left is not first_look.first_on_left
    repeat.pair.refresh_from_db()
    assert repeat.pair.slots_taken == 1


def test_no_repeat_comes_before_a_day_or_fifty_pairs(db: None) -> None:
    project = make_project(n_pairs=60, repeat_share=1.0, repeat_after=0)
    bob = make_member(project)

    streams = [compare(project, bob, Outcome.FIRST).assignment.stream for _ in range(52)]

    assert streams[:51] == [Stream.LEARN] * 51
    assert streams[51] == Stream.REPEAT


def test_paused_and_archived_projects_lend_nothing(project: Project, bob: User, alice: User) -> None:
    pause_project(project=project, by=alice)
    with pytest.raises(NotComparing):
        lease_pairs(project=project, annotator=bob)

    resume_project(project=project, by=alice)
    assert lease_pairs(project=project, annotator=bob)

    archive_project(project=project, by=alice)
    with pytest.raises(NotComparing):
        lease_pairs(project=project, annotator=bob)


def test_an_outsider_is_lent_nothing(project: Project, charlie: User) -> None:
    with pytest.raises(NotAllowed):
        lease_pairs(project=project, annotator=charlie)
    assert not Assignment.objects.exists()
