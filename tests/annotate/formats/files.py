"""Small import files made in code, and what `read_rows` says about them."""

import json
import re
from io import BytesIO
from typing import Any

from annotate.formats.jsonl import ReadRow, read_rows
from annotate.formats.limits import Limits
from annotate.formats.rows import ImportedPrompt, RowError, RowWarning


def pair(**changes: Any) -> dict[str, Any]:
    """Return a good row of the format "pair"; None as a value leaves the field out."""
    row = {"prompt": "Name a prime.", "response_a": "Seven.", "response_b": "Nine.", **changes}
    return {name: value for name, value in row.items() if value is not None}


def many(**changes: Any) -> dict[str, Any]:
    """Return a good row of the format "prompts + responses"."""
    row = {"prompt": "Name a prime.", "responses": ["Two.", "Four.", "Six."], **changes}
    return {name: value for name, value in row.items() if value is not None}


def jsonl(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def read(data: bytes, limits: Limits | None = None) -> list[ReadRow]:
    return list(read_rows(BytesIO(data), limits))


def prompts(data: bytes, limits: Limits | None = None) -> list[ImportedPrompt]:
    return [row for row in read(data, limits) if isinstance(row, ImportedPrompt)]


def errors(data: bytes, limits: Limits | None = None) -> list[RowError]:
    return [row for row in read(data, limits) if isinstance(row, RowError)]


def warnings(data: bytes, limits: Limits | None = None) -> list[RowWarning]:
    return [row for row in read(data, limits) if isinstance(row, RowWarning)]


def found(data: bytes, limits: Limits | None = None) -> list[tuple[int, str, str]]:
    """Return (line, field, code) of each error."""
    return [(error.line, error.field, error.code) for error in errors(data, limits)]


def storable(told: RowError | RowWarning) -> bool:
    """Tell whether both databases keep what is told, quoted texts included."""
    return not re.search("[\x00-\x1f\ud800-\udfff]", told.field + told.message)
