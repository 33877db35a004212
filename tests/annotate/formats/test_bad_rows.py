"""Rows that are JSON and still wrong: each reason has its field, its code and a way out."""

from typing import Any

import pytest

from annotate.formats.limits import Limits
from tests.annotate.formats.files import errors, found, jsonl, many, pair, prompts


def label(annotator: str) -> dict[str, str]:
    return {"preferred": "a", "annotator": annotator}


BAD_ROWS: list[tuple[dict[str, Any], str, str]] = [
    (pair(prompt=None), "prompt", "E_MISSING_FIELD"),
    (pair(response_a=None), "response_a", "E_MISSING_FIELD"),
    (pair(response_b=None), "response_b", "E_MISSING_FIELD"),
    (pair(response_a=None, response_b=None), "", "E_FORMAT"),
    ({"prompt": "x", "chosen": "a", "rejected": "b"}, "", "E_FORMAT"),
    (pair(responses=["a", "b"]), "", "E_FORMAT"),
    (pair(prompt=12), "prompt", "E_WRONG_TYPE"),
    (pair(prompt={"text": "x"}), "prompt", "E_WRONG_TYPE"),
    (pair(response_a=12), "response_a", "E_WRONG_TYPE"),
    (pair(response_a=True), "response_a", "E_WRONG_TYPE"),
    (pair(response_b=["a"]), "response_b", "E_WRONG_TYPE"),
    (pair(id=12), "id", "E_WRONG_TYPE"),
    (pair(id=""), "id", "E_BLANK"),
    (pair(id="\u200b"), "id", "E_BLANK"),
    (pair(id="x" * 201), "id", "E_NAME_TOO_LONG"),
    (pair(id="\u0390" * 150), "id", "E_NAME_TOO_LONG"),
    (pair(source_a=1.5), "source_a", "E_WRONG_TYPE"),
    (pair(source_a="  "), "source_a", "E_BLANK"),
    (pair(source_b="x" * 151), "source_b", "E_NAME_TOO_LONG"),
    (pair(tags="easy"), "tags", "E_WRONG_TYPE"),
    (pair(tags=["easy", 3]), "tags[1]", "E_WRONG_TYPE"),
    (pair(tags=[str(n) for n in range(51)]), "tags", "E_TOO_MANY"),
    (pair(metadata=[]), "metadata", "E_WRONG_TYPE"),
    (pair(metadata={"mood": 1}, mood=2), "mood", "E_DUPLICATE_KEY"),
    (pair(prompt=""), "prompt", "E_EMPTY_PROMPT"),
    (pair(prompt=" \t\n\u00a0\u3000"), "prompt", "E_EMPTY_PROMPT"),
    (pair(prompt="\u200b\u200d\ufeff\u2060\u00ad"), "prompt", "E_EMPTY_PROMPT"),
    (pair(prompt="\u3164\u2800\ufe0f"), "prompt", "E_EMPTY_PROMPT"),
    (pair(prompt=[]), "prompt", "E_EMPTY_PROMPT"),
    (pair(prompt=[{"role": "user", "content": "Hi"}, {"role": "user", "content": " "}]), "prompt", "E_EMPTY_PROMPT"),
    (pair(prompt=["Hi"]), "prompt[0]", "E_WRONG_TYPE"),
    (pair(prompt=[{"content": "Hi"}]), "prompt[0].role", "E_MISSING_FIELD"),
    (pair(prompt=[{"role": "human", "content": "Hi"}]), "prompt[0].role", "E_ROLE"),
    (pair(prompt=[{"role": "user", "content": 12}]), "prompt[0].content", "E_WRONG_TYPE"),
    (pair(prompt=[{"role": "user", "content": "Hi"}] * 201), "prompt", "E_TOO_MANY"),
    (pair(prompt="x" * 65_537), "prompt", "E_TEXT_TOO_LONG"),
    (pair(response_a="é" * 40_000), "response_a", "E_TEXT_TOO_LONG"),
    (pair(response_b="Seven."), "response_b", "E_IDENTICAL_RESPONSES"),
    (pair(response_b=" Seven.\n"), "response_b", "E_IDENTICAL_RESPONSES"),
    (pair(response_a="caf\u00e9", response_b="cafe\u0301"), "response_b", "E_IDENTICAL_RESPONSES"),
    (pair(labels={}), "labels", "E_WRONG_TYPE"),
    (pair(labels=["a"]), "labels[0]", "E_WRONG_TYPE"),
    (pair(labels=[{}]), "labels[0].preferred", "E_MISSING_FIELD"),
    (pair(labels=[{"preferred": "A"}]), "labels[0].preferred", "E_CHOICE"),
    (pair(labels=[{"preferred": 1}]), "labels[0].preferred", "E_WRONG_TYPE"),
    (pair(labels=[{"preferred": "a", "annotator": 7}]), "labels[0].annotator", "E_WRONG_TYPE"),
    (pair(labels=[{"preferred": "a", "shown_left": "c"}]), "labels[0].shown_left", "E_CHOICE"),
    (pair(labels=[label("Ann"), label(" ann")]), "labels[1].annotator", "E_DUPLICATE_ANNOTATOR"),
    (pair(labels=[label("anonymous 2"), {"preferred": "a"}]), "labels[1].annotator", "E_DUPLICATE_ANNOTATOR"),
    (many(responses=None), "", "E_FORMAT"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "field", "code"), BAD_ROWS, ids=range(len(BAD_ROWS)))
def test_a_bad_row_is_refused_with_its_line_field_and_code(row: dict[str, Any], field: str, code: str) -> None:
    data = jsonl(pair(prompt="a good one"), row, pair(prompt="another"))

    assert found(data) == [(2, field, code)]
    assert [prompt.line for prompt in prompts(data)] == [1, 3]


@pytest.mark.parametrize(("row", "field", "code"), BAD_ROWS, ids=range(len(BAD_ROWS)))
def test_every_message_says_what_to_do_in_a_sentence_of_its_own(row: dict[str, Any], field: str, code: str) -> None:
    message = errors(jsonl(row))[0].message

    assert message.count(". ") >= 1
    assert message.endswith(".")
    assert len(message) <= 500


def test_a_row_hears_of_all_its_errors_at_once() -> None:
    row = pair(id=7, prompt=" ", response_a=None, source_b=8, labels=[{"preferred": "maybe"}], tags=[""])

    codes = {(field, code) for _, field, code in found(jsonl(row))}

    assert codes == {
        ("id", "E_WRONG_TYPE"),
        ("prompt", "E_EMPTY_PROMPT"),
        ("response_a", "E_MISSING_FIELD"),
        ("source_b", "E_WRONG_TYPE"),
        ("labels[0].preferred", "E_CHOICE"),
        ("tags[0]", "E_BLANK"),
    }


def test_a_text_at_the_limit_is_read() -> None:
    assert found(jsonl(pair(response_a="x" * 65_536))) == []


def test_limits_are_the_callers() -> None:
    data = jsonl(pair(response_a="x" * 11))

    assert found(data, Limits(text_bytes=13)) == []
    assert found(data, Limits(text_bytes=12))[0][2] == "E_TEXT_TOO_LONG"
