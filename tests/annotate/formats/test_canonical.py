"""Canonical rows survive the way to a file and back to the byte."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.formats.canonical import CanonicalError, canonical_line, parse_canonical
from annotate.formats.rows import OUTCOMES, ROLES, SOURCES, STREAMS, CanonicalRow, Message

ROW = CanonicalRow(
    pair_id="5f1c",
    prompt_id="9b2e",
    prompt=(Message("system", "Be brief."), Message("user", "Which country owns Antarctica?")),
    first="None; a treaty governs it.",
    second="Norwegen, na klar\u2028😀",
    first_source="terse",
    second_source="confident",
    first_on_left=False,
    outcome="first",
    strength=2,
    criteria={"overall": "first", "factuality": "tie"},
    comment="obvious",
    annotator="person-7",
    leased_at=datetime(2026, 1, 31, 23, 59, 0, tzinfo=UTC),
    shown_at=datetime(2026, 1, 31, 23, 59, 1, 500, tzinfo=UTC),
    decided_at=datetime(2026, 1, 31, 23, 59, 8, tzinfo=UTC),
    seconds=7.25,
    guideline_version=3,
    stream="audit",
    propensity=0.125,
    snapshot=12,
    p_first_when_shown=0.75,
    tags=("geography",),
    metadata={"z": 1, "a": {"y": [1.5, None], "b": "x"}},
)
FORMAT_PAGE = (
    "pair_id prompt_id prompt first second first_source second_source first_on_left outcome strength criteria comment "
    "annotator leased_at shown_at decided_at seconds guideline_version stream propensity snapshot p_first_when_shown "
    "surplus retracted_at source tags metadata"
)

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
times = st.datetimes(timezones=st.just(UTC))
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 2**63 - 1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
canonical_rows = st.builds(
    CanonicalRow,
    pair_id=texts,
    prompt_id=texts,
    prompt=st.lists(st.builds(Message, st.sampled_from(ROLES), texts), max_size=3).map(tuple),
    first=texts,
    second=texts,
    first_source=texts,
    second_source=texts,
    first_on_left=st.none() | st.booleans(),
    outcome=st.none() | st.sampled_from(OUTCOMES),
    strength=st.none() | st.integers(-3, 3),
    criteria=st.dictionaries(texts, st.sampled_from(OUTCOMES), max_size=3),
    comment=texts,
    annotator=st.none() | texts,
    leased_at=st.none() | times,
    shown_at=st.none() | times,
    decided_at=st.none() | times,
    seconds=st.none() | numbers,
    guideline_version=st.none() | counts,
    stream=st.none() | st.sampled_from(STREAMS),
    propensity=st.none() | numbers,
    snapshot=st.none() | counts,
    p_first_when_shown=st.none() | numbers,
    surplus=st.booleans(),
    retracted_at=st.none() | times,
    source=st.sampled_from(SOURCES),
    tags=st.lists(texts, max_size=3).map(tuple),
    metadata=st.dictionaries(texts, json_values, max_size=3),
)


def changed(**changes: Any) -> bytes:
    return json.dumps({**json.loads(canonical_line(ROW)), **changes}).encode()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(canonical_rows)
def test_a_row_comes_back_equal_and_gives_the_same_bytes_again(row: CanonicalRow) -> None:
    line = canonical_line(row)

    back = parse_canonical(line)

    assert back == row
    assert canonical_line(back) == line
    assert line.count(b"\n") == 1


def test_the_fields_stand_in_the_order_of_the_format() -> None:
    assert [field.name for field in fields(CanonicalRow)] == FORMAT_PAGE.split()
    assert list(json.loads(canonical_line(ROW))) == FORMAT_PAGE.split()


def test_a_line_is_readable_utf8_with_times_in_utc() -> None:
    line = canonical_line(ROW).decode()

    assert "😀" in line
    assert '"shown_at": "2026-01-31T23:59:01.000500Z"' in line
    assert '"decided_at": "2026-01-31T23:59:08Z"' in line


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    elsewhere = datetime(2026, 2, 1, 1, 59, 8, tzinfo=timezone(timedelta(hours=2)))

    assert canonical_line(replace(ROW, decided_at=elsewhere)) == canonical_line(ROW)


def test_the_order_of_keys_in_metadata_makes_no_difference() -> None:
    shuffled = replace(
        ROW,
        metadata={"a": {"b": "x", "y": [1.5, None]}, "z": 1},
        criteria={"factuality": "tie", "overall": "first"},
    )

    assert canonical_line(shuffled) == canonical_line(ROW)


def test_a_pair_without_comparison_is_a_row_too() -> None:
    row = CanonicalRow(pair_id="p", prompt_id="q", prompt=(Message("user", "?"),), first="", second="b")

    assert parse_canonical(canonical_line(row)) == row


@pytest.mark.parametrize(
    "changes",
    [
        {"decided_at": datetime(2026, 1, 1)},
        {"seconds": float("nan")},
        {"first": "\ud800"},
        {"propensity": float("inf")},
    ],
)
def test_what_json_cannot_say_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"time zone|not JSON compliant|surrogates"):
        canonical_line(replace(ROW, **changes))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pair_id", 7),
        ("prompt", "a string"),
        ("prompt", [{"role": "user"}]),
        ("prompt", [{"role": "user", "content": 7}]),
        ("first", None),
        ("second", "\x00"),
        ("second", "\ud800"),
        ("first_on_left", 1),
        ("outcome", "left"),
        ("outcome", ["first"]),
        ("strength", 4),
        ("strength", True),
        ("strength", 1.0),
        ("criteria", {"overall": "a"}),
        ("criteria", []),
        ("annotator", 7),
        ("leased_at", "2026-01-31 23:59:00"),
        ("leased_at", "2026-01-31T23:59:00+00:00"),
        ("shown_at", "2026-02-30T00:00:00Z"),
        ("decided_at", 1700000000),
        ("seconds", "7"),
        ("seconds", True),
        ("guideline_version", -1),
        ("stream", "random"),
        ("surplus", None),
        ("source", "api"),
        ("tags", "geography"),
        ("tags", [1]),
        ("metadata", None),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_its_field(field: str, value: Any) -> None:
    with pytest.raises(CanonicalError) as refused:
        parse_canonical(changed(**{field: value}), number=9)

    assert [(error.line, error.field, error.code) for error in refused.value.errors] == [(9, field, "E_WRONG_TYPE")]


def test_a_missing_and_an_unknown_field_are_refused_together() -> None:
    values = json.loads(changed(mood="sour"))
    del values["stream"]

    with pytest.raises(CanonicalError) as refused:
        parse_canonical(json.dumps(values).encode())

    assert {(error.field, error.code) for error in refused.value.errors} == {
        ("stream", "E_MISSING_FIELD"),
        ("mood", "E_UNKNOWN_FIELD"),
    }


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "E_JSON"),
        (b"[]", "E_NOT_OBJECT"),
        (b"\xff{}", "E_ENCODING"),
        (b'{"pair_id": "a", "pair_id": "b"}', "E_DUPLICATE_KEY"),
    ],
)
def test_a_line_that_is_no_object_is_refused(line: bytes, code: str) -> None:
    with pytest.raises(CanonicalError) as refused:
        parse_canonical(line)

    assert refused.value.errors[0].code == code
