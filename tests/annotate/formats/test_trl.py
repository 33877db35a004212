"""What an export holds for trainers that read chosen and rejected."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from annotate.formats.exports import EXPORT_FORMATS
from annotate.formats.rows import BOTH_BAD, FIRST, SECOND, TIE, CanonicalRow, Message
from annotate.formats.trl import trl_conversational_line, trl_line

ROW = CanonicalRow(
    pair_id="p",
    prompt_id="q",
    prompt=(Message("user", "Name a prime."),),
    first="Seven – die 7.",
    second="",
    outcome=FIRST,
    tags=("numbers",),
)
TURNS = (Message("user", "Hi"), Message("assistant", "Hello"), Message("user", "Name a prime."))


def loaded(line: bytes | None) -> Any:
    return json.loads(line or b"null")


def test_one_user_message_makes_three_strings() -> None:
    assert loaded(trl_line(ROW)) == {"prompt": "Name a prime.", "chosen": "Seven – die 7.", "rejected": ""}


def test_second_is_the_chosen_one_where_it_won() -> None:
    line = loaded(trl_line(replace(ROW, outcome=SECOND)))

    assert (line["chosen"], line["rejected"]) == ("", "Seven – die 7.")


@pytest.mark.parametrize("prompt", [TURNS, (Message("system", "Name a prime."),)])
def test_any_other_prompt_makes_message_lists(prompt: tuple[Message, ...]) -> None:
    assert loaded(trl_line(replace(ROW, prompt=prompt))) == {
        "prompt": [{"role": message.role, "content": message.content} for message in prompt],
        "chosen": [{"role": "assistant", "content": "Seven – die 7."}],
        "rejected": [{"role": "assistant", "content": ""}],
    }


def test_the_conversational_form_is_message_lists_whatever_the_prompt() -> None:
    line = loaded(trl_conversational_line(ROW))

    assert line["prompt"] == [{"role": "user", "content": "Name a prime."}]
    assert line["chosen"] == [{"role": "assistant", "content": "Seven – die 7."}]


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": TIE},
        {"outcome": BOTH_BAD},
        {"outcome": None},
        {"retracted_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"stream": "gold"},
        {"stream": "training"},
    ],
)
@pytest.mark.parametrize("prompt", [ROW.prompt, TURNS])
def test_rows_without_a_winner_retracted_ones_and_known_answers_are_left_out(
    changes: dict[str, Any], prompt: tuple[Message, ...]
) -> None:
    row = replace(ROW, prompt=prompt, **changes)

    assert trl_line(row) is None
    assert trl_conversational_line(row) is None


def test_every_registered_format_writes_one_line_of_json_per_row() -> None:
    lines = {name: export.line(ROW) for name, export in EXPORT_FORMATS.items()}

    assert all(line and line.endswith(b"\n") and line.count(b"\n") == 1 and json.loads(line) for line in lines.values())
    assert all(name == export.name and export.holds.endswith(".") for name, export in EXPORT_FORMATS.items())


def test_no_two_formats_share_a_file_name() -> None:
    assert len({export.suffix for export in EXPORT_FORMATS.values()}) == len(EXPORT_FORMATS)
