"""How each field of a canonical row is read back: the value itself, or ValueError saying what it should have been."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from annotate.formats.rows import OUTCOMES, SOURCES, STREAMS, Message

Reader = Callable[[Any], Any]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _text(value: Any) -> str:
    if type(value) is not str or _UNSTORABLE.search(value):
        raise ValueError("a text that can be stored")
    return value


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("true or false")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("a number")
    return value


def _integer(lowest: int, highest: int) -> Reader:
    def read(value: Any) -> int:
        if type(value) is not int or not lowest <= value <= highest:
            raise ValueError(f"a whole number from {lowest} to {highest}")
        return value

    return read


def _choice(choices: tuple[str, ...]) -> Reader:
    def read(value: Any) -> str:
        if type(value) is not str or value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return value

    return read


def _time(value: Any) -> datetime:
    if type(value) is str and _TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("a time like 2026-01-31T23:59:59Z")


def _messages(value: Any) -> tuple[Message, ...]:
    if type(value) is not list or not all(type(item) is dict and item.keys() == {"role", "content"} for item in value):
        raise ValueError("a list of messages {role, content}")
    return tuple(Message(_text(item["role"]), _text(item["content"])) for item in value)


def _texts(value: Any) -> tuple[str, ...]:
    if type(value) is not list:
        raise ValueError("a list of strings")
    return tuple(_text(item) for item in value)


def _object(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise ValueError("an object")
    return value


def _criteria(value: Any) -> dict[str, str]:
    read = _choice(OUTCOMES)
    return {_text(name): read(outcome) for name, outcome in _object(value).items()}


def _optional(read: Reader) -> Reader:
    return lambda value: None if value is None else read(value)


_count = _integer(0, 2**63 - 1)

READERS: dict[str, Reader] = {
    "pair_id": _text,
    "prompt_id": _text,
    "prompt": _messages,
    "first": _text,
    "second": _text,
    "first_source": _text,
    "second_source": _text,
    "first_on_left": _optional(_flag),
    "outcome": _optional(_choice(OUTCOMES)),
    "strength": _optional(_integer(-3, 3)),
    "criteria": _criteria,
    "comment": _text,
    "annotator": _optional(_text),
    "leased_at": _optional(_time),
    "shown_at": _optional(_time),
    "decided_at": _optional(_time),
    "seconds": _optional(_number),
    "guideline_version": _optional(_count),
    "stream": _optional(_choice(STREAMS)),
    "propensity": _optional(_number),
    "snapshot": _optional(_count),
    "p_first_when_shown": _optional(_number),
    "surplus": _flag,
    "retracted_at": _optional(_time),
    "source": _choice(SOURCES),
    "tags": _texts,
    "metadata": _object,
}
