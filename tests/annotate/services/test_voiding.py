"""Voiding a person's verdicts, and restoring them: reversible, with their slots."""

import pytest

from annotate.models import Comparison, ComparisonEvent, Pair, Project, User
from annotate.services.comparing import retract_comparison
from annotate.services.errors import Conflict
from annotate.services.voiding import restore_comparisons, void_comparisons
from tests.factories import compare, make_member, make_project

pytestmark = pytest.mark.django_db


def slots(project: Project) -> int:
    return sum(Pair.objects.filter(project=project).values_list("slots_taken", flat=True))


def test_voided_verdicts_leave_the_count_and_free_their_slots(project: Project, bob: User, alice: User) -> None:
    compare(project, bob), compare(project, bob)

    assert void_comparisons(project=project, annotator=bob, by=alice) == 2

    assert not Comparison.objects.live().exists()
    assert slots(project) == 0
    assert set(ComparisonEvent.objects.values_list("kind", "by")) == {("void", alice.pk)}


def test_voiding_twice_and_restoring_twice_do_nothing_more(project: Project, bob: User, alice: User) -> None:
    compare(project, bob)

    done = [void_comparisons(project=project, annotator=bob, by=alice) for _ in range(2)]
    undone = [restore_comparisons(project=project, annotator=bob, by=alice) for _ in range(2)]

    assert (done, undone) == ([1, 0], [1, 0])
    assert Comparison.objects.live().count() == slots(project) == 1


def test_a_restored_verdict_whose_slot_has_gone_is_surplus(db: None) -> None:
    project = make_project(n_pairs=1)
    bob, dora, alice = (make_member(project, name) for name in ("bob", "dora", "alice"))
    compare(project, bob)
    void_comparisons(project=project, annotator=bob, by=alice)
    compare(project, dora)

    restore_comparisons(project=project, annotator=bob, by=alice)
    assert set(Comparison.objects.live().values_list("assignment__annotator", "surplus")) == {
        (bob.pk, True),
        (dora.pk, False),
    }
    assert slots(project) == 1
    void_comparisons(project=project, annotator=bob, by=alice)
    assert slots(project) == 1


def test_others_and_what_was_taken_back_are_left_alone(project: Project, bob: User, rosa: User, alice: User) -> None:
    retract_comparison(comparison=compare(project, bob), by=bob)
    others = compare(project, rosa)

    assert void_comparisons(project=project, annotator=bob, by=alice) == 0
    assert list(Comparison.objects.live()) == [others]


def test_a_voided_verdict_cannot_be_undone_by_its_annotator(project: Project, bob: User, alice: User) -> None:
    comparison = compare(project, bob)
    void_comparisons(project=project, annotator=bob, by=alice)

    with pytest.raises(Conflict):
        retract_comparison(comparison=comparison, by=bob)

    assert slots(project) == 0
