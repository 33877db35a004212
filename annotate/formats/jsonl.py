"""Read the JSONL that people bring, plain or gzip, row by row in constant memory.

Memory grows by some hundred bytes per row for finding duplicates; no text is kept.
"""

from collections.abc import Iterator
from typing import BinaryIO

from annotate.formats.chunks import plain_chunks
from annotate.formats.decoder import RowDecoder
from annotate.formats.duplicates import Duplicates
from annotate.formats.imported import read_imported
from annotate.formats.limits import Limits
from annotate.formats.lines import Line, bounded_lines
from annotate.formats.report import FileRefused, RowReport, UnknownFields
from annotate.formats.rows import ImportedPrompt, RowError, RowWarning
from annotate.formats.texts import refuse_unstorable

ReadRow = ImportedPrompt | RowError | RowWarning


def read_rows(stream: BinaryIO, limits: Limits | None = None) -> Iterator[ReadRow]:
    """Yield each good row, and every error and warning, in the order of the file.

    An id that turns up a second time makes an error for the earlier line as well, whose row was yielded before: read to
    the end, then import the lines without an error. Line 0 stands for the file as a whole; nothing follows its error.
    """
    try:
        yield from _Reading(limits or Limits()).rows(stream)
    except FileRefused as refused:
        yield refused.error


class _Reading:
    """What one pass over one file has to remember."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._decoder = RowDecoder(limits)
        self._duplicates = Duplicates()
        self._unknown = UnknownFields()

    def rows(self, stream: BinaryIO) -> Iterator[ReadRow]:
        n_rows = 0
        for line in bounded_lines(plain_chunks(stream, self._limits), self._limits.line_bytes):
            if not line.too_long and not line.data.strip():
                continue
            n_rows += 1
            self._refuse_file(line, n_rows)
            yield from self._read(line)
        if n_rows == 0:
            raise FileRefused("E_EMPTY", "The file has no rows. Write one JSON object per line.")

    def _refuse_file(self, line: Line, n_rows: int) -> None:
        if n_rows == 1 and line.data.lstrip().startswith(b"["):
            raise FileRefused(
                "E_JSON_ARRAY",
                "The file is one JSON array. Write each of its elements as a line of its own, "
                "for example with: jq -c '.[]' rows.json > rows.jsonl",
                line=line.number,
            )
        if n_rows > self._limits.rows:
            limit = f"{self._limits.rows:,}"
            raise FileRefused("E_TOO_MANY_ROWS", f"The file has more than {limit} rows. Split it.", line=line.number)

    def _read(self, line: Line) -> Iterator[ReadRow]:
        report = RowReport(line.number)
        row = self._read_row(line, report)
        yield from report.errors
        yield from self._unknown.warnings(report)
        if row is not None and not report.errors:
            yield row

    def _read_row(self, line: Line, report: RowReport) -> ImportedPrompt | None:
        text = _decoded(line, report, self._limits)
        values = None if text is None else self._decoder.decode(text, report, ended=line.ended)
        if text is None or values is None:
            return None
        refuse_unstorable(values, text, report)
        row = read_imported(values, report, self._limits)
        if isinstance(external_id := values.get("id"), str):
            self._duplicates.refuse_known_id(external_id, report)
        if row is not None and not report.errors:
            self._duplicates.refuse_known_content(row, report)
        return row


def _decoded(line: Line, report: RowReport, limits: Limits) -> str | None:
    if line.too_long:
        message = f"The line has more than {limits.line_bytes:,} bytes. Shorten its texts or split the row."
        report.refuse("", "E_LINE_TOO_LONG", message)
        return None
    try:
        return line.data.decode()
    except UnicodeDecodeError as error:
        message = (
            f"Byte {line.offset + error.start} of the file is no UTF-8. Save the file as UTF-8 and import it again."
        )
        report.refuse("", "E_ENCODING", message)
        return None
