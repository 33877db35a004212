"""What a stored text may contain, and when two texts or two ids are the same."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from annotate.formats.report import RowReport

# Neither database keeps these faithfully, and no text that people wrote contains them.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_ESCAPE = re.compile(r"\\[ubf]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Letters and marks by category that still show nothing.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {chr(mark) for mark in range(0xFE00, 0xFE10)}


def refuse_unstorable(value: Any, written: str, report: RowReport) -> None:
    """Report every text inside `value`, keys included, that holds a control character or half a surrogate pair.

    `written` is the JSON that `value` was read from: only escapes can bring such a character in.
    """
    for path, text in _texts(value, "") if _ESCAPE.search(written) else ():
        if match := _CONTROL.search(text):
            code = ord(match[0])
            report.refuse(
                path,
                "E_CONTROL",
                f"The character U+{code:04X} at position {match.start() + 1} cannot be stored. Remove it.",
            )
        if match := _SURROGATE.search(text):
            report.refuse(
                path,
                "E_SURROGATE",
                f"Half a surrogate pair (\\u{ord(match[0]):04x}) at position {match.start() + 1} is no character. "
                "Write the whole pair, or the character itself in UTF-8.",
            )


def is_blank(text: str) -> bool:
    """Tell whether a reader would see nothing: spaces, zero-width and formatting characters only."""
    return not any(_is_seen(character) for character in text)


def same_text(text: str) -> str:
    """Return what two texts share when a reader cannot tell them apart: NFC, without outer space."""
    return unicodedata.normalize("NFC", text).strip()


def id_key(name: str) -> str:
    """Return what two spellings of one id or name share: case, Unicode form and outer space make no difference."""
    return same_text(name).casefold()


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ" and character not in _UNSEEN


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = f"{path}.{key}" if path else key
            yield inner, key
            yield from _texts(item, inner)
