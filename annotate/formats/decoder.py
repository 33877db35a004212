"""One line of JSON to one object, by the standard parser, with an error for everything that it would let through."""

import json
import math
import re
from typing import Any

from annotate.formats.limits import Limits
from annotate.formats.report import RowReport

MAX_INTEGER = 2**63 - 1
# Possessive, and content with a missing closing quote, so that no line takes more than one pass.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"?|([\[{])|[\]}]', re.DOTALL)


class RowDecoder:
    """Parses the lines of one file; what is wrong with a line goes into its report."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._report = RowReport(0)
        self._json = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_int=self._integer,
            parse_float=self._number,
            parse_constant=self._constant,
        )

    def decode(self, text: str, report: RowReport, *, ended: bool) -> dict[str, Any] | None:
        """Return the object of a line, or None where there is none. It may be returned with errors in the report."""
        self._report = report
        if _depth(text, self._limits.depth) > self._limits.depth:
            message = f"Brackets are nested deeper than {self._limits.depth}. Flatten the row."
            report.refuse("", "E_DEPTH", message)
            return None
        try:
            value = self._json.decode(text)
        except json.JSONDecodeError as error:
            _refuse_syntax(error, report, ended=ended)
            return None
        if not isinstance(value, dict):
            report.refuse("", "E_NOT_OBJECT", f"The line is {_kind(value)}. Write one JSON object per line: {{...}}.")
            return None
        return value

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(pairs) > self._limits.keys:
            message = f"An object has {len(pairs)} keys, more than {self._limits.keys}. Move them into fewer fields."
            self._report.refuse("", "E_KEYS", message)
            return {}
        values: dict[str, Any] = {}
        for key, value in pairs:
            if key in values:
                self._report.refuse(
                    key, "E_DUPLICATE_KEY", f'The key "{key}" stands twice in one object. Keep one of them.'
                )
            values[key] = value
        return values

    def _integer(self, digits: str) -> int:
        if len(digits) > 20 or abs(int(digits)) > MAX_INTEGER:
            message = "An integer does not fit into 64 bits. Write it as a string if it is an id."
            self._report.refuse("", "E_NUMBER", message)
            return 0
        return int(digits)

    def _number(self, digits: str) -> float:
        number = float(digits)
        if not math.isfinite(number):
            self._report.refuse("", "E_NUMBER", f"The number {digits[:20]} is beyond what can be stored. Correct it.")
        return number

    def _constant(self, name: str) -> None:
        self._report.refuse("", "E_NUMBER", f"{name} is no JSON. Write null, or leave the field out.")


def _depth(text: str, limit: int) -> int:
    """Return how deep brackets are nested outside strings, or a bound; both stand on the same side of `limit`."""
    n_opening = text.count("[") + text.count("{")
    if n_opening <= limit:
        return n_opening
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        if not match[0].startswith('"'):
            depth += 1 if match[1] else -1
            deepest = max(deepest, depth)
        if deepest > limit:
            break
    return deepest


def _refuse_syntax(error: json.JSONDecodeError, report: RowReport, *, ended: bool) -> None:
    reason = f"Column {error.colno}: {error.msg}."
    if error.msg.startswith("Invalid control character"):
        report.refuse("", "E_CONTROL", f"{reason} Write it as an escape, such as \\n or \\t, or remove it.")
    elif not ended:
        report.refuse(
            "", "E_TRUNCATED", f"The last line is not complete ({reason}) Upload the file again; it was cut off."
        )
    else:
        report.refuse(
            "",
            "E_JSON",
            f"{reason} Write each row as one JSON object on one line: double quotes, no comments, no comma after the "
            "last field.",
        )


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "null")
