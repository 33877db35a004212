"""What a ranking project has no use for is refused, never accepted and ignored."""

import json
from io import BytesIO
from typing import Any

import pytest

from annotate.models import Outcome, Pair, Project, User
from annotate.services.errors import InvalidInput
from annotate.services.gold import clear_gold, set_gold
from annotate.services.importing import import_pairs
from annotate.services.projects import change_project, create_project
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db

UNUSED: list[tuple[dict[str, Any], str]] = [
    ({"repeat_share": 0.1}, "Set the share of repeats to 0."),
    ({"gold_share": 0.1}, "Set the share of gold pairs to 0."),
    ({"training_pairs": 3}, "Set the practice pairs to pass to 0."),
    ({"criteria": ["factual"]}, "Remove the criteria."),
]
EVERY_UNUSED = pytest.mark.parametrize(("setting", "what_to_do"), UNUSED, ids=lambda value: str(value)[:20])


@pytest.fixture
def admin(db: None) -> User:
    return make_user("ada", superuser=True)


@EVERY_UNUSED
def test_a_new_ranking_project_refuses_it(admin: User, setting: dict[str, Any], what_to_do: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        create_project(name="South", slug="south", by=admin, outcomes="ranking", **setting)

    assert what_to_do in refusal.value.message
    assert not Project.objects.exists()


@EVERY_UNUSED
def test_a_ranking_project_is_not_changed_to_it(admin: User, setting: dict[str, Any], what_to_do: str) -> None:
    project = make_project(outcomes="ranking")

    with pytest.raises(InvalidInput) as refusal:
        change_project(project=project, by=admin, **setting)

    assert what_to_do in refusal.value.message


@EVERY_UNUSED
def test_a_project_of_pairs_that_has_it_does_not_turn_to_rankings(
    admin: User, setting: dict[str, Any], what_to_do: str
) -> None:
    project = make_project(**setting)

    with pytest.raises(InvalidInput) as refusal:
        change_project(project=project, by=admin, outcomes="ranking")

    assert what_to_do in refusal.value.message
    project = change_project(
        project=Project.objects.get(), by=admin, outcomes="ranking", **{name: type(v)() for name, v in setting.items()}
    )
    assert project.asks_for_rankings


def test_everything_to_do_is_said_at_once(admin: User) -> None:
    project = make_project(gold_share=0.2, training_pairs=2, criteria=["factual"])

    with pytest.raises(InvalidInput) as refusal:
        change_project(project=project, by=admin, outcomes="ranking")

    assert sum(what_to_do in refusal.value.message for _, what_to_do in UNUSED) == 3


def test_a_new_ranking_project_is_made_without_repeats(admin: User) -> None:
    project = create_project(name="South", slug="south", by=admin, outcomes="ranking")

    assert project.repeat_share == 0
    assert create_project(name="North", slug="north", by=admin).repeat_share > 0


def test_gold_pairs_are_cleared_before_a_project_turns_to_rankings(admin: User) -> None:
    project = make_project(n_pairs=1)
    pair = project.pairs.get()
    set_gold(pair=pair, outcome=Outcome.FIRST, by=admin)

    with pytest.raises(InvalidInput, match=r"1 pair has a gold answer.* Clear them"):
        change_project(project=project, by=admin, outcomes="ranking")
    clear_gold(pair=pair, by=admin)

    assert change_project(project=Project.objects.get(), by=admin, outcomes="ranking").asks_for_rankings


def test_a_file_brings_no_gold_answers_into_a_ranking_project(admin: User) -> None:
    project = make_project(outcomes="ranking")
    line = {"prompt": "Who?", "response_a": "Me.", "response_b": "You."}
    lines = [line, line | {"prompt": "Whose?", "gold": "a"}]

    report = import_pairs(project=project, file=BytesIO("\n".join(map(json.dumps, lines)).encode()), by=admin)

    (error,) = report.errors
    assert (error.line, error.field, error.code) == (2, "gold", "E_RANKING")
    assert "Remove it" in error.message
    assert not Pair.objects.exists()
