"""What a verdict may say: strength, criteria and the guidelines it was made under."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from annotate.models import Comparison, Outcome, Project, Role, User
from annotate.services.comparing import record_comparison
from annotate.services.errors import InvalidInput, KeyReused
from annotate.services.projects import change_project
from tests.factories import lease, make_member, make_project

pytestmark = pytest.mark.django_db


def judge(project: Project, bob: User, outcome: Outcome, **said: object) -> Comparison:
    sent = {"client_key": uuid4(), **said}
    comparison, _ = record_comparison(assignment=lease(project, bob), outcome=outcome, by=bob, **sent)  # type: ignore[arg-type]
    return comparison


@pytest.fixture
def seven(db: None) -> Project:
    return make_project(n_pairs=2, outcomes=Project.Outcomes.STRENGTH7)


@pytest.fixture
def aspects(db: None) -> Project:
    return make_project(n_pairs=2, criteria=["helpful", "true"])


@pytest.mark.parametrize(
    ("outcome", "strength"),
    [(Outcome.FIRST, 3), (Outcome.FIRST, 1), (Outcome.SECOND, -2), (Outcome.TIE, 0), (Outcome.FIRST, None)],
)
def test_a_strength_is_stored_with_its_outcome(seven: Project, outcome: Outcome, strength: int | None) -> None:
    comparison = judge(seven, make_member(seven), outcome, strength=strength)

    comparison.refresh_from_db()
    assert (comparison.outcome, comparison.strength) == (outcome, strength)


@pytest.mark.parametrize(
    ("outcome", "strength"),
    [(Outcome.FIRST, -1), (Outcome.FIRST, 0), (Outcome.FIRST, 4), (Outcome.TIE, 1), (Outcome.BOTH_BAD, 0)],
)
def test_a_strength_that_contradicts_its_outcome_is_refused(seven: Project, outcome: Outcome, strength: int) -> None:
    with pytest.raises(InvalidInput, match="does not go with"):
        judge(seven, make_member(seven), outcome, strength=strength)

    assert not Comparison.objects.exists()


def test_five_points_know_no_middle_step(db: None) -> None:
    project = make_project(n_pairs=1, outcomes=Project.Outcomes.STRENGTH5)

    with pytest.raises(InvalidInput, match="send 1, 3"):
        judge(project, make_member(project), Outcome.FIRST, strength=2)


def test_a_strength_that_nobody_asked_for_is_refused(project: Project, bob: User) -> None:
    with pytest.raises(InvalidInput, match="leave the strength out"):
        judge(project, bob, Outcome.FIRST, strength=3)


def test_the_database_itself_refuses_a_strength_against_its_outcome(seven: Project) -> None:
    comparison = judge(seven, make_member(seven), Outcome.FIRST, strength=1)

    with pytest.raises(IntegrityError), transaction.atomic():
        Comparison.objects.filter(pk=comparison.pk).update(strength=-1)


def test_the_verdict_on_each_criterion_is_stored(aspects: Project) -> None:
    said = {"helpful": Outcome.SECOND, "true": Outcome.TIE}

    comparison = judge(aspects, make_member(aspects), Outcome.FIRST, criteria=said)

    comparison.refresh_from_db()
    assert comparison.criteria == {"helpful": "second", "true": "tie"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "also asks about helpful, true"),
        ({"helpful": Outcome.TIE}, "also asks about true"),
        ({"helpful": Outcome.TIE, "true": Outcome.TIE, "kind": Outcome.TIE}, "does not ask about kind"),
        ({"helpful": Outcome.TIE, "true": "left"}, "on true is not one"),
    ],
)
def test_criteria_other_than_the_projects_are_refused(aspects: Project, said: dict[str, Outcome], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        judge(aspects, make_member(aspects), Outcome.FIRST, criteria=said)

    assert not Comparison.objects.exists()


def test_a_replay_must_say_the_same_on_strength_and_criteria(db: None) -> None:
    project = make_project(n_pairs=1, outcomes=Project.Outcomes.STRENGTH7, criteria=["true"])
    bob, key = make_member(project), uuid4()
    assignment = lease(project, bob)

    def send(strength: int, true: Outcome) -> bool:
        _, stored = record_comparison(
            assignment=assignment,
            outcome=Outcome.FIRST,
            client_key=key,
            by=bob,
            strength=strength,
            criteria={"true": true},
        )
        return stored

    assert send(3, Outcome.TIE)
    assert not send(3, Outcome.TIE)
    with pytest.raises(KeyReused):
        send(2, Outcome.TIE)
    with pytest.raises(KeyReused):
        send(3, Outcome.FIRST)


def test_a_pairwise_verdict_in_a_ranking_project_is_refused(project: Project, bob: User) -> None:
    assignment = lease(project, bob)
    Project.objects.update(outcomes=Project.Outcomes.RANKING)
    assignment.project.refresh_from_db()

    with pytest.raises(InvalidInput, match="rankings"):
        record_comparison(assignment=assignment, outcome=Outcome.FIRST, client_key=uuid4(), by=bob)


def test_a_verdict_carries_the_guidelines_that_its_annotator_had_read(project: Project, bob: User) -> None:
    assert judge(project, bob, Outcome.FIRST).guideline_version == 1
    assert judge(project, bob, Outcome.FIRST, guideline_version=7).guideline_version == 7


Asked = dict[str, object]
BEFORE_AND_AFTER: list[tuple[Asked, Asked, Asked]] = [
    ({"outcomes": "ties"}, {"outcome": Outcome.TIE}, {"outcomes": "binary"}),
    ({"outcomes": "strength7"}, {"outcome": Outcome.FIRST, "strength": 2}, {"outcomes": "strength5"}),
    ({"outcomes": "binary"}, {"outcome": Outcome.FIRST}, {"outcomes": "ranking"}),
    ({"criteria": []}, {"outcome": Outcome.FIRST}, {"criteria": ["helpful"]}),
    ({"criteria": ["true"]}, {"outcome": Outcome.FIRST, "criteria": {"true": Outcome.TIE}}, {"criteria": ["helpful"]}),
]


@pytest.mark.parametrize(("before", "said", "after"), BEFORE_AND_AFTER)
def test_a_verdict_that_could_be_given_when_its_pair_was_lent_is_stored(
    db: None, before: Asked, said: Asked, after: Asked
) -> None:
    project = make_project(n_pairs=1, **before)
    bob, alice = make_member(project), make_member(project, "alice", role=Role.ADMIN)
    lent = lease(project, bob)

    change_project(project=project, by=alice, **after)
    comparison, stored = record_comparison(assignment=lent, client_key=uuid4(), by=bob, **said)  # type: ignore[arg-type]

    assert stored
    assert comparison.outcome == said["outcome"]


@pytest.mark.parametrize(("before", "said", "after"), [case for case in BEFORE_AND_AFTER if "ranking" not in str(case)])
def test_a_verdict_of_the_kind_before_on_a_pair_lent_since_is_refused(
    db: None, before: Asked, said: Asked, after: Asked
) -> None:
    project = make_project(n_pairs=1, **before)
    bob, alice = make_member(project), make_member(project, "alice", role=Role.ADMIN)

    change_project(project=project, by=alice, **after)
    with pytest.raises(InvalidInput, match="Reload the page"):
        record_comparison(assignment=lease(project, bob), client_key=uuid4(), by=bob, **said)  # type: ignore[arg-type]

    assert not Comparison.objects.exists()


def test_a_verdict_that_the_project_never_asked_for_is_refused_however_often_it_changed(db: None) -> None:
    project = make_project(n_pairs=1, outcomes="strength5")
    bob, alice = make_member(project), make_member(project, "alice", role=Role.ADMIN)
    lent = lease(project, bob)

    for outcomes in ("binary", "ties"):
        change_project(project=project, by=alice, outcomes=outcomes)
    with pytest.raises(InvalidInput):
        record_comparison(assignment=lent, outcome=Outcome.FIRST, strength=2, client_key=uuid4(), by=bob)
