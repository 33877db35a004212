"""Typed access to the fields of one object: what is wrong is reported, what is unknown is kept, nothing is coerced."""

from collections.abc import Iterable
from typing import Any

from annotate.formats.limits import Limits
from annotate.formats.report import RowReport
from annotate.formats.texts import id_key, is_blank

_KINDS = {
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


class Fields:
    """Hands out each field once; `close` keeps the rest as metadata under its full path."""

    def __init__(self, values: dict[str, Any], report: RowReport, limits: Limits, *, path: str = "") -> None:
        self._values = dict(values)
        self._path = path
        self.report = report
        self.limits = limits

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def names(self) -> Iterable[str]:
        """Return the names of the fields that nobody took yet."""
        return tuple(self._values)

    def refuse(self, name: str, code: str, message: str) -> None:
        self.report.refuse(self._full(name), code, message)

    def take(self, name: str, *kinds: type, required: bool = False) -> Any:
        """Return the value if it is of one of the kinds, else None; null is the same as absent."""
        value = self._values.pop(name, None)
        if value is not None:
            return self.checked(name, value, *kinds)
        if required:
            self.refuse(name, "E_MISSING_FIELD", f'"{name}" is missing. Add it as {_one_of(kinds)}.')
        return None

    def checked(self, name: str, value: Any, *kinds: type) -> Any:
        """Return a value that was taken before if it is of one of the kinds, else None."""
        if type(value) in kinds:
            return value
        self.refuse(name, "E_WRONG_TYPE", f'"{name}" is {_one_of([type(value)])}. Write it as {_one_of(kinds)}.')
        return None

    def text(self, name: str) -> str | None:
        """Take a required text; an empty one is a text too."""
        text: str | None = self.take(name, str, required=True)
        return None if text is None else self.checked_size(name, text)

    def checked_size(self, name: str, text: str) -> str:
        n_bytes = len(text.encode("utf-8", "replace"))
        if n_bytes > self.limits.text_bytes:
            message = f"The text has {n_bytes:,} bytes, more than {self.limits.text_bytes:,}. Shorten it."
            self.refuse(name, "E_TEXT_TOO_LONG", message)
        return text

    def name(self, name: str, *, n_chars: int) -> str | None:
        """Take an optional short text that shows something, without its outer space."""
        value = self._values.pop(name, None)
        return None if value is None else self.checked_name(name, value, n_chars=n_chars)

    def source(self, name: str) -> str:
        """Take the optional name of the system that wrote a response; "" means unknown."""
        value = self.take(name, str)
        return (self.checked_name(name, value, n_chars=self.limits.name_chars) or "") if value else ""

    def checked_name(self, name: str, value: Any, *, n_chars: int) -> str | None:
        text: str | None = self.checked(name, value, str)
        if text is None:
            return None
        text = text.strip()
        if is_blank(text):
            self.refuse(name, "E_BLANK", f'"{name}" is blank. Leave it out, or give it a name that can be seen.')
        elif len(text) > n_chars or len(id_key(text)) > 2 * n_chars:  # Some letters grow when case is folded.
            self.refuse(
                name, "E_NAME_TOO_LONG", f'"{name}" has {len(text):,} characters, more than {n_chars}. Shorten it.'
            )
        return text

    def items(self, name: str, *, at_most: int, required: bool = False) -> list[Any]:
        """Take a list, cut and reported where it is too long; an absent or wrong one is empty."""
        values: list[Any] = self.take(name, list, required=required) or []
        return self.checked_length(name, values, at_most=at_most)

    def checked_length(self, name: str, values: list[Any], *, at_most: int) -> list[Any]:
        if len(values) > at_most:
            self.refuse(
                name, "E_TOO_MANY", f'"{name}" has {len(values):,} entries, more than {at_most}. Split the row.'
            )
        return values[:at_most]

    def inner(self, name: str, value: Any) -> "Fields | None":
        """Return access to an object inside this one, or None where it is something else."""
        values = self.checked(name, value, dict)
        return None if values is None else Fields(values, self.report, self.limits, path=self._full(name))

    def close(self) -> None:
        """Keep what nobody took; it stands in the report until the row's metadata is put together."""
        for name, value in self._values.items():
            self.report.unknown[self._full(name)] = value

    def _full(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name


def _one_of(kinds: Iterable[type]) -> str:
    return " or ".join(_KINDS[kind] for kind in kinds)
