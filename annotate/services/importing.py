"""Bring a file's rows into a project: first every row is checked, then all of them are written, or none.

Writing the same file again changes nothing: what is here already is left alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import BinaryIO

from annotate.formats.jsonl import read_rows
from annotate.formats.rows import ImportedPrompt, RowError, RowWarning
from annotate.models import Project, User
from annotate.services.arriving import add_rows
from annotate.services.errors import Conflict
from annotate.services.material import Added, conflicts

BATCH = 500
MOST_REPORTED = 1000
ENDING = ("E_JSON_ARRAY", "E_TOO_MANY_ROWS")  # errors of one line after which nothing is read


class Policy(StrEnum):
    """What happens to the good rows of a file that has bad ones."""

    STRICT = "strict"
    SKIP_BAD = "skip-bad"


@dataclass
class ImportReport:
    """What a file holds and what was written of it. The first MOST_REPORTED errors are kept; n_errors counts all."""

    n_rows: int = 0
    n_errors: int = 0
    errors: list[RowError] = field(default_factory=list)
    warnings: list[RowWarning] = field(default_factory=list)
    committed: bool = False
    added: Added = field(default_factory=Added)
    unreadable: bool = False  # to its end, so that not even all of its good rows are known

    def refuse(self, error: RowError) -> None:
        self.n_errors += 1
        self.unreadable |= not error.line or error.code in ENDING
        if len(self.errors) < MOST_REPORTED:
            self.errors.append(error)


def import_pairs(
    *, project: Project, file: BinaryIO, by: User, policy: Policy = Policy.STRICT, dry_run: bool = False
) -> ImportReport:
    """Read a seekable file of rows into the project; a strict import with one bad row writes nothing.

    Labels become comparisons of named import annotators. Raises Conflict if the project is archived, or
    another import into it is under way.
    """
    if project.archived_at:
        raise Conflict("This project is archived. Resume it in its settings, then import.")
    report = ImportReport()
    bad_lines = _check(project, file, report)
    if dry_run or report.unreadable or (report.n_errors and policy == Policy.STRICT):
        return report
    file.seek(0)
    good = (row for row in read_rows(file) if isinstance(row, ImportedPrompt) and row.line not in bad_lines)
    report.added = add_rows(project=project, rows=good, by=by)
    report.committed = True
    return report


def _check(project: Project, file: BinaryIO, report: ImportReport) -> set[int]:
    """Read the whole file once, collecting what is wrong with it; return the lines that must not be written."""
    bad_lines: set[int] = set()

    def refuse(error: RowError) -> None:
        bad_lines.add(error.line)
        report.refuse(error)

    def good_rows() -> Iterator[ImportedPrompt]:
        for row in read_rows(file):
            if isinstance(row, RowError):
                refuse(row)
            elif isinstance(row, RowWarning):
                report.warnings.append(row)
            else:
                yield row

    for batch in _batches(good_rows()):
        report.n_rows += len(batch)
        for error in conflicts(project, batch):
            refuse(error)
    return bad_lines


def _batches(rows: Iterable[ImportedPrompt]) -> Iterator[list[ImportedPrompt]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch
