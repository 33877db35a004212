"""What one line of a file has to say about itself while it is read: its errors and the fields nobody knew."""

import re
from typing import Any

from annotate.formats.rows import RowError, RowWarning

MAX_UNKNOWN_FIELDS = 100
KNOWN_METADATA = ("dataset", "group")
_UNPRINTABLE = re.compile("[\x00-\x1f\ud800-\udfff]")


class FileRefused(Exception):
    """The file cannot be read any further; `line` 0 is the file as a whole."""

    def __init__(self, code: str, message: str, *, line: int = 0) -> None:
        super().__init__(message)
        self.error = RowError(line, "", code, message)


class RowReport:
    """Collects the errors of one line, so that its owner hears of all of them at once."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.errors: list[RowError] = []
        self.unknown: dict[str, Any] = {}

    def refuse(self, field: str, code: str, message: str, *, line: int | None = None) -> None:
        """Add an error, about an earlier `line` where one is given."""
        self.errors.append(RowError(line or self.line, printable(field, 100), code, printable(message, 500)))


class UnknownFields:
    """Warns of each unknown field once per file, at its first line, and stops counting after a hundred."""

    def __init__(self) -> None:
        self._known: set[str] = set(KNOWN_METADATA)

    def warnings(self, report: RowReport) -> list[RowWarning]:
        if len(self._known) > MAX_UNKNOWN_FIELDS:
            return []
        names = dict.fromkeys(re.sub(r"\[\d+\]", "[]", name) for name in report.unknown)
        found = [name for name in names if name not in self._known][: MAX_UNKNOWN_FIELDS + 1 - len(self._known)]
        self._known.update(found)
        return [self._warning(report.line, name) for name in found]

    def _warning(self, line: int, name: str) -> RowWarning:
        name = printable(name, 100)
        message = (
            f'"{name}" is no field of this format. It is kept as metadata; check its spelling if that surprises you.'
        )
        return RowWarning(line, name, "W_UNKNOWN_FIELD", message)


def printable(text: str, n_chars: int) -> str:
    """Cut `text` to size and escape what no database stores: reports quote texts that were refused for just that."""
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)[:n_chars]
