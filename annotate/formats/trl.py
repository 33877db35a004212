"""TRL preference data: {prompt, chosen, rejected}, as strings or as message lists, without ties."""

import json
from typing import Any

from annotate.formats.rows import FIRST, SECOND, CanonicalRow, Message

MEASURING = ("gold", "training")  # streams whose verdicts measure people and train nothing


def trl_line(row: CanonicalRow) -> bytes | None:
    """Return the row as strings if its prompt is one user message, else as message lists; None leaves it out."""
    single = len(row.prompt) == 1 and row.prompt[0].role == "user"
    return _standard_line(row) if single else trl_conversational_line(row)


def trl_conversational_line(row: CanonicalRow) -> bytes | None:
    """Return the row as message lists whatever its prompt, so that every line of a file has the same columns."""
    if (pair := _chosen_and_rejected(row)) is None:
        return None
    chosen, rejected = ([_message(Message("assistant", text))] for text in pair)
    return _line({"prompt": [_message(message) for message in row.prompt], "chosen": chosen, "rejected": rejected})


def _standard_line(row: CanonicalRow) -> bytes | None:
    if (pair := _chosen_and_rejected(row)) is None:
        return None
    return _line({"prompt": row.prompt[0].content, "chosen": pair[0], "rejected": pair[1]})


def _chosen_and_rejected(row: CanonicalRow) -> tuple[str, str] | None:
    if row.retracted_at is not None or row.stream in MEASURING or row.outcome not in (FIRST, SECOND):
        return None
    return (row.first, row.second) if row.outcome == FIRST else (row.second, row.first)


def _message(message: Message) -> dict[str, str]:
    return {"role": message.role, "content": message.content}


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"
