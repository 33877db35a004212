"""Rows that stand twice in a file."""

import pytest

from tests.annotate.formats.files import errors, found, jsonl, many, pair, prompts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("p-1", "P-1"),
        ("p-1", " p-1 "),
        ("p-1", "p-1\n"),
        ("\u00e9", "e\u0301"),
        ("e\u0301", "\u00c9"),
        ("stra\u00dfe", "STRASSE"),
    ],
)
def test_ids_that_differ_by_case_unicode_form_or_space_are_one_id(one: str, other: str) -> None:
    refused = found(jsonl(pair(id=one), pair(id=other, prompt="Another?")))

    assert sorted(refused) == [(1, "id", "E_DUPLICATE_ID"), (2, "id", "E_DUPLICATE_ID")]


def test_both_rows_with_one_id_are_refused_and_each_names_the_other() -> None:
    told = errors(jsonl(pair(id="x"), pair(prompt="2?"), pair(id="x", prompt="3?"), pair(id="x", prompt="4?")))

    assert sorted(error.line for error in told) == [1, 3, 4]
    assert {error.line: error.message[:6] for error in told} == {1: "Line 3", 3: "Line 1", 4: "Line 1"}


def test_an_id_counts_even_where_its_row_is_refused_for_something_else() -> None:
    refused = found(jsonl(pair(id="x", prompt=""), pair(id="x")))

    assert (2, "id", "E_DUPLICATE_ID") in refused


@pytest.mark.parametrize(
    "again",
    [
        pair(),
        pair(id="other"),
        pair(response_a="Nine.", response_b="Seven."),
        pair(prompt=[{"role": "user", "content": "Name a prime."}]),
        many(responses=["Nine.", "Seven."]),
    ],
)
def test_the_same_prompt_and_responses_again_are_refused_on_the_later_line(again: dict[str, object]) -> None:
    data = jsonl(pair(), again)

    assert found(data) == [(2, "", "E_DUPLICATE_ROW")]
    assert [row.line for row in prompts(data)] == [1]


def test_an_nfd_copy_is_the_same_row() -> None:
    data = jsonl(pair(response_a="caf\u00e9"), pair(response_a="cafe\u0301"))

    assert found(data) == [(2, "", "E_DUPLICATE_ROW")]


def test_a_swapped_pair_takes_its_sources_along() -> None:
    row = pair(source_a="terse", source_b="verbose")
    swapped = pair(response_a="Nine.", response_b="Seven.", source_a="verbose", source_b="terse")

    assert found(jsonl(row, swapped)) == [(2, "", "E_DUPLICATE_ROW")]


def test_the_same_texts_from_other_systems_are_another_row() -> None:
    assert found(jsonl(pair(source_a="terse"), pair(source_a="verbose"))) == []


def test_the_same_prompt_with_other_responses_is_another_row() -> None:
    assert found(jsonl(pair(), pair(response_b="Eleven."), many())) == []
