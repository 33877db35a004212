"""Rows that a file holds twice, found with a few bytes of memory per row."""

import hashlib

from annotate.formats.hashes import content_digest
from annotate.formats.report import RowReport
from annotate.formats.rows import ImportedPrompt
from annotate.formats.texts import id_key


class Duplicates:
    """Remembers the ids and contents of one file."""

    def __init__(self) -> None:
        self._ids: dict[bytes, int] = {}
        self._contents: dict[bytes, int] = {}
        self._told: set[int] = set()

    def refuse_known_id(self, external_id: str, report: RowReport) -> None:
        """Report an id that an earlier line has, for that line too: nobody knows which of them is right."""
        digest = hashlib.blake2b(id_key(external_id).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        earlier = self._ids.setdefault(digest, report.line)
        if earlier == report.line:
            return
        if earlier not in self._told:
            self._told.add(earlier)
            report.refuse("id", "E_DUPLICATE_ID", _same_id(external_id, report.line), line=earlier)
        report.refuse("id", "E_DUPLICATE_ID", _same_id(external_id, earlier))

    def refuse_known_content(self, row: ImportedPrompt, report: RowReport) -> None:
        earlier = self._contents.setdefault(content_digest(row), row.line)
        if earlier != row.line:
            report.refuse(
                "",
                "E_DUPLICATE_ROW",
                f"Line {earlier} has the same prompt and responses. Put all labels of a pair into one row.",
            )


def _same_id(external_id: str, other: int) -> str:
    return (
        f'Line {other} has the id "{external_id[:200]}" too (case, Unicode form and outer space make no difference). '
        "Give each row its own id."
    )
