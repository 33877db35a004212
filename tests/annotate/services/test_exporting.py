"""Files out: every comparison, skip and open pair in the canonical format; chosen and rejected in TRL's."""

import json
from typing import Any

import pytest

from annotate.formats.canonical import parse_canonical
from annotate.models import Outcome, Project, User
from annotate.services.comparing import retract_comparison, skip_assignment
from annotate.services.errors import InvalidInput
from annotate.services.exporting import export_comparisons
from tests.factories import compare, lease, make_pair, make_project

pytestmark = pytest.mark.django_db


def exported(project: Project, format_name: str = "canonical") -> list[dict[str, Any]]:
    return [json.loads(line) for line in export_comparisons(project, format_name)]


def test_every_pair_is_a_row_even_before_anybody_judged_it(project: Project) -> None:
    rows = exported(project)

    assert len(rows) == 5
    assert all(row["outcome"] is None and row["annotator"] is None for row in rows)


def test_a_comparison_is_exported_with_its_circumstances(project: Project, bob: User) -> None:
    comparison = compare(project, bob, Outcome.SECOND)

    (row,) = [row for row in exported(project) if row["outcome"]]
    assert (row["outcome"], row["stream"], row["surplus"], row["source"]) == ("second", "learn", False, "live")
    assert row["first_on_left"] == comparison.assignment.first_on_left
    assert row["annotator"].startswith("annotator-")
    assert "bob" not in json.dumps(row)
    assert row["decided_at"].endswith("Z")


def test_a_retracted_comparison_and_a_skip_are_rows_too(project: Project, bob: User) -> None:
    retract_comparison(comparison=compare(project, bob), by=bob)
    skip_assignment(assignment=lease(project, bob), reason="too hard", by=bob)

    rows = [row for row in exported(project) if row["annotator"]]
    assert [bool(row["retracted_at"]) for row in rows] == [True, False]
    assert [row["comment"] for row in rows] == ["", "too hard"]


def test_every_canonical_row_reads_back(project: Project, bob: User) -> None:
    compare(project, bob)

    rows = [parse_canonical(line) for line in export_comparisons(project, "canonical")]

    assert {row.outcome for row in rows} == {None, "first"}


def test_trl_rows_hold_chosen_and_rejected_of_decisive_live_comparisons(project: Project, bob: User) -> None:
    chosen = compare(project, bob, Outcome.SECOND).assignment.pair
    compare(project, bob, Outcome.TIE)
    retract_comparison(comparison=compare(project, bob), by=bob)

    (row,) = exported(project, "trl")
    assert row == {
        "prompt": chosen.prompt.messages[0]["content"],
        "chosen": chosen.second.text,
        "rejected": chosen.first.text,
    }


def test_another_projects_rows_stay_out(project: Project, bob: User) -> None:
    other = make_project("other")
    make_pair(other)

    assert len(exported(project)) == 5
    assert len(exported(other)) == 1


def test_an_unknown_format_is_refused(project: Project) -> None:
    with pytest.raises(InvalidInput):
        export_comparisons(project, "xml")


def test_more_rows_do_not_mean_more_queries(project: Project, bob: User, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        compare(project, bob)
    with django_assert_num_queries(3):
        assert exported(project)
