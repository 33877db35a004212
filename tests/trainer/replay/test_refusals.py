"""What `manage.py replay` refuses, it refuses before it makes a database, and says why."""

import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.trainer.replay.recorded import recorded_file


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--labels", "0"), "'0' is no whole number of at least 1"),
        (("--seeds", "few"), "'few' is no whole number of at least 1"),
        (("--every", "-3"), "'-3' is no whole number"),
        (("--held-out", "1.5"), "'1.5' is no share between 0 and 1"),
        (("--strategy", "clever"), "invalid choice: 'clever'"),
        (("--out", "nowhere/results.json"), "There is no folder nowhere"),
    ],
)
def test_malformed_options_are_refused_with_a_reason(tmp_path: Path, options: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(CommandError, match=re.escape(complaint)):
        call_command("replay", str(recorded_file(tmp_path)), *options)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("missing.jsonl", None, "There is no file"),
        ("empty.jsonl", "", "No row of empty.jsonl is a pair with labels"),
        ("texts.jsonl", '{"prompt": "Why?", "responses": ["One.", "Two."]}\n', "is a pair with labels"),
        ("array.jsonl", "[1, 2]\n", "one JSON array"),
    ],
)
def test_files_that_cannot_be_replayed_are_refused_with_a_reason(
    tmp_path: Path, name: str, content: str | None, complaint: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_text(content)

    with pytest.raises(CommandError, match=re.escape(complaint)):
        call_command("replay", str(file))
