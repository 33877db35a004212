"""Our own lossless row as one line of JSON, and back: the same row always gives the same bytes."""

import json
from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from datetime import UTC, datetime
from typing import Any

from annotate.formats.canonical_fields import READERS
from annotate.formats.decoder import RowDecoder
from annotate.formats.limits import Limits
from annotate.formats.report import RowReport
from annotate.formats.rows import CanonicalRow, Message, RowError

NAMES = tuple(field.name for field in dataclass_fields(CanonicalRow))
# Wider than any import may be: what was accepted once stands inside "metadata" here.
_LIMITS = Limits(depth=64, keys=1_000_000)


class CanonicalError(ValueError):
    """A line that is no canonical row; `errors` says why, field by field."""

    def __init__(self, errors: list[RowError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = tuple(errors)


def canonical_line(row: CanonicalRow) -> bytes:
    """Return the row as one line of UTF-8 JSON with its newline.

    Raises ValueError for what JSON cannot say: a time without its zone, NaN, half a surrogate pair.
    """
    values = {name: _written(getattr(row, name)) for name in NAMES}
    return json.dumps(values, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def parse_canonical(line: bytes, *, number: int = 1) -> CanonicalRow:
    """Return the row that `canonical_line` wrote; raises CanonicalError, whose errors name line `number`."""
    report = RowReport(number)
    values = _decoded(line, report)
    if values is not None:
        row = {name: _read(name, values, report) for name in NAMES}
        for name in values.keys() - set(NAMES):
            report.refuse(name, "E_UNKNOWN_FIELD", f'"{name}" is no field of a canonical row. Remove it.')
    if report.errors:
        raise CanonicalError(report.errors)
    return CanonicalRow(**row)


def _decoded(line: bytes, report: RowReport) -> dict[str, Any] | None:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        report.refuse("", "E_ENCODING", f"Byte {error.start} of the line is no UTF-8. Export the file again.")
        return None
    return RowDecoder(_LIMITS).decode(text, report, ended=True)


def _read(name: str, values: Mapping[str, Any], report: RowReport) -> Any:
    if name not in values:
        report.refuse(
            name, "E_MISSING_FIELD", f'"{name}" is missing; a canonical row has every field. Export it again.'
        )
        return None
    try:
        return READERS[name](values[name])
    except ValueError as error:
        report.refuse(name, "E_WRONG_TYPE", f'"{name}" is not {error}. Correct it or export the row again.')
        return None


def _written(value: Any) -> Any:
    """Return `value` in JSON's own terms. Keys are sorted: a database may hand them back in another order."""
    if isinstance(value, datetime):
        return _written_time(value)
    if isinstance(value, Message):
        return {"role": value.role, "content": value.content}
    if isinstance(value, Mapping):
        return {key: _written(value[key]) for key in sorted(value)}
    if isinstance(value, tuple | list):
        return [_written(item) for item in value]
    return value


def _written_time(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
