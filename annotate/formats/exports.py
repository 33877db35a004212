"""The formats a project can be exported in, each a function from one canonical row to one line."""

from collections.abc import Callable
from dataclasses import dataclass

from annotate.formats.canonical import canonical_line
from annotate.formats.rows import CanonicalRow
from annotate.formats.trl import trl_conversational_line, trl_line


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """`line` returns None for a row that the format cannot express; `holds` tells people what they get."""

    name: str
    suffix: str
    holds: str
    line: Callable[[CanonicalRow], bytes | None]


EXPORT_FORMATS = {
    export.name: export
    for export in (
        ExportFormat(
            "canonical", ".jsonl", "Everything, lossless: every comparison, skip and open pair.", canonical_line
        ),
        ExportFormat(
            "trl",
            ".trl.jsonl",
            "Chosen and rejected, as strings where the prompt is one message. No ties, nothing retracted.",
            trl_line,
        ),
        ExportFormat(
            "trl-conversational",
            ".trl-conversational.jsonl",
            "Chosen and rejected, always as message lists. No ties, nothing retracted.",
            trl_conversational_line,
        ),
    )
}
