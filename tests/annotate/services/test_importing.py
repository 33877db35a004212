"""Files in: all rows or none, nothing twice, nothing overwritten, labels never anybody's login."""

import gzip
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from django.db import connection

from annotate.models import Comparison, Outcome, Pair, Project, Prompt, Response, User
from annotate.services.errors import Conflict
from annotate.services.importing import Policy, import_pairs
from annotate.services.projects import archive_project
from tests.factories import make_member, make_project

pytestmark = pytest.mark.django_db


def pair_row(**changes: Any) -> dict[str, Any]:
    return {"id": "p1", "prompt": "Say hi.", "response_a": "Hi!", "response_b": "No."} | changes


def jsonl(*rows: dict[str, Any] | str) -> BytesIO:
    return BytesIO("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows).encode())


@pytest.fixture
def empty(db: None) -> Project:
    return make_project("empty")


@pytest.fixture
def admin(empty: Project) -> User:
    return make_member(empty, "alice", role="admin")


@contextmanager
def few_variables() -> Iterator[None]:
    """Lower SQLite's limit of a quarter million to one that a small file exceeds; PostgreSQL has none."""
    if connection.vendor != "sqlite":
        yield
        return
    before = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 1000)
    yield
    connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, before)


def test_a_pair_row_becomes_prompt_responses_and_pair(empty: Project, admin: User) -> None:
    report = import_pairs(project=empty, file=jsonl(pair_row(source_a="x", source_b="y")), by=admin)

    pair = Pair.objects.get()
    assert report.committed
    assert str(report.added) == "1 prompts, 2 responses, 1 pairs, 0 labels"
    assert (pair.external_id, pair.first.text, pair.second.source) == ("p1", "Hi!", "y")
    assert pair.prompt.messages == [{"role": "user", "content": "Say hi."}]


def test_a_prompt_with_k_responses_becomes_all_its_pairs(empty: Project, admin: User) -> None:
    import_pairs(project=empty, file=jsonl({"id": "q", "prompt": "Say hi.", "responses": ["a", "b", "c"]}), by=admin)

    assert Pair.objects.count() == 3
    assert all(pair.first_id < pair.second_id for pair in Pair.objects.all())


def test_an_empty_response_is_real_data(empty: Project, admin: User) -> None:
    import_pairs(project=empty, file=jsonl(pair_row(response_b="")), by=admin)

    assert Response.objects.filter(text="").exists()


def test_labels_become_comparisons_of_people_who_can_never_sign_in(empty: Project, admin: User) -> None:
    labels = [{"annotator": "ann", "preferred": "a"}, {"annotator": "ben", "preferred": "b"}, {"preferred": "tie"}]

    import_pairs(project=empty, file=jsonl(pair_row(labels=labels)), by=admin)

    outcomes = {c.assignment.annotator.display_name: c.outcome for c in Comparison.objects.all()}
    assert (outcomes["ann"], outcomes["ben"]) == (Outcome.FIRST, Outcome.SECOND)
    assert sorted(outcomes.values()) == ["first", "second", "tie"]
    people = User.objects.filter(imported=True)
    assert people.count() == 3
    assert not people.filter(is_active=True).exists()
    assert not any(person.has_usable_password() for person in people)


def test_more_names_than_one_query_may_hold_are_all_found(empty: Project, admin: User) -> None:
    rows = [
        pair_row(
            id=f"p{row}",
            prompt=f"Say {row}.",
            labels=[{"annotator": f"{row}.{n}", "preferred": "a"} for n in range(600)],
        )
        for row in range(2)
    ]

    with few_variables():
        report = import_pairs(project=empty, file=jsonl(*rows), by=admin)

    assert report.added.labels == Comparison.objects.count() == 1200


def test_imported_labels_take_no_slots(empty: Project, admin: User) -> None:
    import_pairs(project=empty, file=jsonl(pair_row(labels=[{"preferred": "a"}, {"preferred": "b"}])), by=admin)

    assert Pair.objects.get().slots_taken == 0


def test_a_label_keeps_its_side_when_the_stored_order_is_the_other(empty: Project, admin: User) -> None:
    first_file = jsonl({"prompt": "Say hi.", "responses": ["No.", "Hi!"]})
    import_pairs(project=empty, file=first_file, by=admin)

    labelled = pair_row(id="other", labels=[{"annotator": "ann", "preferred": "a"}])
    import_pairs(project=empty, file=jsonl(labelled), by=admin)

    comparison = Comparison.objects.get()
    pair = comparison.assignment.pair
    chosen = pair.first if comparison.outcome == Outcome.FIRST else pair.second
    assert chosen.text == "Hi!"


def test_the_same_file_again_adds_nothing(empty: Project, admin: User) -> None:
    rows = [pair_row(labels=[{"annotator": "ann", "preferred": "a"}]), {"prompt": "Why?", "responses": ["x", "y"]}]
    import_pairs(project=empty, file=jsonl(*rows), by=admin)

    report = import_pairs(project=empty, file=jsonl(*rows), by=admin)

    assert report.committed
    assert str(report.added) == "0 prompts, 0 responses, 0 pairs, 0 labels"


def test_a_strict_import_with_bad_rows_reports_their_lines_and_writes_nothing(empty: Project, admin: User) -> None:
    file = jsonl(
        pair_row(),
        '{"broken": ',
        pair_row(id="p3", response_a=12),
        pair_row(id="p4", prompt="  "),
        pair_row(id="p5", response_a="x", response_b="y"),
        pair_row(id="P5 ", response_a="v", response_b="w"),
    )

    report = import_pairs(project=empty, file=file, by=admin)

    assert sorted({error.line for error in report.errors}) == [2, 3, 4, 5, 6]
    assert all(error.code.startswith("E_") and error.message for error in report.errors)
    assert not report.committed
    assert not Prompt.objects.exists()


def test_skip_bad_writes_the_good_rows_alone(empty: Project, admin: User) -> None:
    file = jsonl(pair_row(), pair_row(id="p2", response_a=12), pair_row(id="p3", prompt="Why?"))

    report = import_pairs(project=empty, file=file, by=admin, policy=Policy.SKIP_BAD)

    assert report.committed
    assert set(Pair.objects.values_list("external_id", flat=True)) == {"p1", "p3"}


def test_neither_row_of_a_doubled_id_is_written(empty: Project, admin: User) -> None:
    file = jsonl(pair_row(), pair_row(prompt="Other?"))

    import_pairs(project=empty, file=file, by=admin, policy=Policy.SKIP_BAD)

    assert not Pair.objects.exists()


def test_a_dry_run_writes_nothing(empty: Project, admin: User) -> None:
    report = import_pairs(project=empty, file=jsonl(pair_row()), by=admin, dry_run=True)

    assert (report.n_rows, report.n_errors, report.committed) == (1, 0, False)
    assert not Prompt.objects.exists()


def test_an_id_that_is_here_with_other_content_is_a_conflict(empty: Project, admin: User) -> None:
    import_pairs(project=empty, file=jsonl(pair_row()), by=admin)

    report = import_pairs(project=empty, file=jsonl(pair_row(id="P1", response_a="Hello!")), by=admin)

    assert [(error.line, error.code) for error in report.errors] == [(1, "E_CONFLICT")]
    assert Response.objects.filter(text="Hello!").count() == 0


def test_a_gzip_file_is_read_like_a_plain_one(empty: Project, admin: User) -> None:
    file = BytesIO(gzip.compress(jsonl(pair_row()).getvalue()))

    assert import_pairs(project=empty, file=file, by=admin).committed


def test_about_a_fifth_of_the_pairs_are_audit_pairs_and_always_the_same(db: None) -> None:
    rows = [pair_row(id=str(n), prompt=f"Question {n}?") for n in range(400)]
    audits = []
    for slug in ("one", "two"):
        project = make_project(slug, audit_share=0.2)
        import_pairs(project=project, file=jsonl(*rows), by=make_member(project, f"alice-{slug}", role="admin"))
        audits.append(set(project.pairs.filter(audit=True).values_list("external_id", flat=True)))

    assert audits[0] == audits[1]
    assert 50 <= len(audits[0]) <= 110  # 80 expected, standard deviation 8
    assert {pair.overlap for pair in Pair.objects.filter(audit=True)} == {2}


def test_an_archived_project_takes_no_rows(empty: Project, admin: User) -> None:
    archive_project(project=empty, by=admin)

    with pytest.raises(Conflict):
        import_pairs(project=empty, file=jsonl(pair_row()), by=admin)


def test_a_file_that_breaks_off_is_refused_even_when_bad_rows_are_skipped(empty: Project, admin: User) -> None:
    whole = gzip.compress(jsonl(*(pair_row(id=str(n), prompt=f"{n}?") for n in range(2000))).getvalue())

    report = import_pairs(project=empty, file=BytesIO(whole[:-200]), by=admin, policy=Policy.SKIP_BAD)

    assert report.unreadable
    assert not report.committed
    assert not Prompt.objects.exists()
