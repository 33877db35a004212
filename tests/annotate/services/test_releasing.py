"""Releases: by trial, by a person, and back."""

from typing import Any

import pytest

from annotate.models import AuditEvent, Project, ReferenceResponse, Snapshot, User
from annotate.services.errors import Conflict, NotFound
from annotate.services.publishing import publish_snapshot
from annotate.services.releasing import follow_trial, grow_reference, release_snapshot, released_snapshot, roll_back
from tests.annotate.api.material import METRICS, make_snapshot
from tests.annotate.services.runs import claimed, content, embed
from tests.factories import make_pair

pytestmark = pytest.mark.django_db


def trial(released: int | None, **fields: Any) -> dict[str, Any]:
    plain = {"released": released, "n": 120, "look": True, "decision": "promote", "roll_back": False, "wealth": 1.0}
    return {**METRICS, "trial": plain | fields}


def number_released(project: Project) -> int | None:
    released = released_snapshot(project)
    return released.number if released else None


def test_nothing_is_released_before_somebody_or_a_trial_does(project: Project) -> None:
    make_snapshot(project)

    assert number_released(project) is None


def test_the_newest_release_counts_whatever_its_number(project: Project, alice: User) -> None:
    for number in (1, 2):
        make_snapshot(project, number)

    release_snapshot(project=project, number=2, by=alice)
    release_snapshot(project=project, number=1, by=alice)

    assert number_released(project) == 1
    assert AuditEvent.objects.filter(verb="released snapshot 1 of", actor=alice, target="antarctica").exists()


def test_rolling_back_brings_back_the_release_before_and_then_none(project: Project, alice: User) -> None:
    for number in (1, 2):
        make_snapshot(project, number)
        release_snapshot(project=project, number=number, by=alice)

    roll_back(project=project, number=2, by=alice)
    after_one = number_released(project)
    roll_back(project=project, number=1, by=alice)

    assert (after_one, number_released(project)) == (1, None)


def test_two_people_who_roll_back_the_same_release_roll_back_once(project: Project, alice: User) -> None:
    for number in (1, 2):
        make_snapshot(project, number)
        release_snapshot(project=project, number=number, by=alice)
    roll_back(project=project, number=2, by=alice)

    with pytest.raises(Conflict):
        roll_back(project=project, number=2, by=alice)

    assert number_released(project) == 1


def test_releasing_the_released_snapshot_again_changes_nothing(project: Project, alice: User) -> None:
    make_snapshot(project)
    release_snapshot(project=project, number=1, by=alice)
    before = Snapshot.objects.get().released_at

    release_snapshot(project=project, number=1, by=alice)

    assert Snapshot.objects.get().released_at == before
    assert AuditEvent.objects.filter(verb="released snapshot 1 of").count() == 1


def test_a_snapshot_that_is_not_there_cannot_be_released(project: Project, alice: User) -> None:
    with pytest.raises(NotFound):
        release_snapshot(project=project, number=9, by=alice)


def test_a_rolled_back_snapshot_can_be_released_again(project: Project, alice: User) -> None:
    make_snapshot(project)
    release_snapshot(project=project, number=1, by=alice)
    roll_back(project=project, number=1, by=alice)

    release_snapshot(project=project, number=1, by=alice)

    assert number_released(project) == 1


def test_the_style_free_head_is_a_choice_where_there_is_one(project: Project, alice: User) -> None:
    make_snapshot(project, 1)
    make_snapshot(project, 2, style_free=b"w")

    with pytest.raises(Conflict):
        release_snapshot(project=project, number=1, by=alice, style_free=True)
    release_snapshot(project=project, number=2, by=alice)
    release_snapshot(project=project, number=2, by=alice, style_free=True)

    assert Snapshot.objects.get(number=2).released_style_free


def test_a_trial_that_holds_at_a_look_releases_its_snapshot(project: Project) -> None:
    follow_trial(make_snapshot(project, metrics=trial(None)))

    assert number_released(project) == 1
    assert AuditEvent.objects.get(verb="released snapshot 1 of").actor is None


@pytest.mark.parametrize("fields", [{"look": False}, {"decision": "ask"}, {"decision": "keep"}])
def test_a_trial_that_does_not_hold_releases_nothing(project: Project, fields: dict[str, Any]) -> None:
    follow_trial(make_snapshot(project, metrics=trial(None, **fields)))

    assert number_released(project) is None


def test_proof_against_the_released_one_rolls_it_back_at_any_time(project: Project, alice: User) -> None:
    for number in (1, 2):
        make_snapshot(project, number)
        release_snapshot(project=project, number=number, by=alice)

    follow_trial(make_snapshot(project, 3, metrics=trial(2, look=False, roll_back=True, wealth=23.0)))

    assert number_released(project) == 1
    assert AuditEvent.objects.get(verb="rolled back snapshot 2 of").actor is None


def test_a_trial_against_what_is_no_longer_released_changes_nothing(project: Project, alice: User) -> None:
    for number in (1, 2):
        make_snapshot(project, number)
        release_snapshot(project=project, number=number, by=alice)

    follow_trial(make_snapshot(project, 3, metrics=trial(1)))
    follow_trial(make_snapshot(project, 4, metrics=trial(None, roll_back=True)))

    assert number_released(project) == 2


def test_a_project_may_leave_releases_to_people(project: Project) -> None:
    Project.objects.update(release_automatically=False)
    project.refresh_from_db()

    follow_trial(make_snapshot(project, metrics=trial(None)))

    assert number_released(project) is None


def test_publishing_follows_the_trial(project: Project) -> None:
    embed(project)

    publish_snapshot(claimed(project), content(project, metrics=trial(None)), queue=[], disagreements=[])

    assert number_released(project) == 1


def test_the_reference_set_begins_with_the_audit_pairs_and_never_changes(project: Project) -> None:
    audit = make_pair(project, 7, audit=True)
    before = grow_reference(project)

    make_pair(project, 6, audit=True)
    after = grow_reference(project)

    assert before[:2] == [audit.first_id, audit.second_id]
    assert len(before) == 12
    assert after[:12] == before
    assert len(after) == 14
    assert grow_reference(project) == after


def test_the_reference_set_stops_at_its_size(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotate.services.releasing.REFERENCE_SIZE", 5)

    grow_reference(project)
    make_pair(project, 99, audit=True)

    assert len(grow_reference(project)) == 5
    assert list(ReferenceResponse.objects.values_list("position", flat=True)) == [0, 1, 2, 3, 4]
