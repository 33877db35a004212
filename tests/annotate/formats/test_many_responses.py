"""Rows of the format "prompts + responses" as they are meant, and what is refused about them."""

import pytest

from annotate.formats.limits import Limits
from annotate.formats.rows import ImportedPrompt, ImportedResponse, Message
from tests.annotate.formats.files import found, jsonl, many, pair, prompts


def test_a_prompt_keeps_its_responses_in_order() -> None:
    row = many(id="q1", responses=["Two.", {"text": "Four.", "source": "confident"}, {"text": ""}], tags=["numbers"])

    read = prompts(jsonl(row))

    assert read == [
        ImportedPrompt(
            line=1,
            external_id="q1",
            messages=(Message("user", "Name a prime."),),
            responses=(ImportedResponse("Two."), ImportedResponse("Four.", "confident"), ImportedResponse("")),
            is_pair=False,
            tags=("numbers",),
        )
    ]


def test_both_formats_may_stand_in_one_file() -> None:
    read = prompts(jsonl(pair(), many(prompt="Another?")))

    assert [row.is_pair for row in read] == [True, False]


@pytest.mark.parametrize(
    ("responses", "expected"),
    [
        ([], ("responses", "E_TOO_FEW")),
        (["only one"], ("responses", "E_TOO_FEW")),
        ("two, three", ("responses", "E_WRONG_TYPE")),
        (["a", 12], ("responses[1]", "E_WRONG_TYPE")),
        (["a", None], ("responses[1]", "E_WRONG_TYPE")),
        (["a", {"source": "x"}], ("responses[1].text", "E_MISSING_FIELD")),
        (["a", {"text": ["b"]}], ("responses[1].text", "E_WRONG_TYPE")),
        (["a", {"text": "b", "source": 7}], ("responses[1].source", "E_WRONG_TYPE")),
        (["a", "b", "a"], ("responses[2]", "E_IDENTICAL_RESPONSES")),
        (["", " \n"], ("responses[1]", "E_IDENTICAL_RESPONSES")),
        (["x" * 70_000, "b"], ("responses[0]", "E_TEXT_TOO_LONG")),
    ],
)
def test_bad_responses_are_refused_by_their_place(responses: object, expected: tuple[str, str]) -> None:
    assert found(jsonl(many(responses=responses))) == [(1, *expected)]


def test_more_responses_than_the_limit_are_refused() -> None:
    row = many(responses=[str(n) for n in range(5)])

    assert found(jsonl(row), Limits(responses=4)) == [(1, "responses", "E_TOO_MANY")]
    assert found(jsonl(row), Limits(responses=5)) == []
