"""Stream a project out in one of the export formats."""

from collections.abc import Iterator

from annotate.formats.exports import EXPORT_FORMATS
from annotate.models import Project
from annotate.selectors.canonical_rows import canonical_rows
from annotate.services.errors import InvalidInput


def export_comparisons(project: Project, format_name: str) -> Iterator[bytes]:
    """Yield the project's rows as lines of bytes, in constant memory. Raises InvalidInput for an unknown format."""
    if format_name not in EXPORT_FORMATS:
        raise InvalidInput(f"There is no format {format_name!r}. Choose one of {', '.join(EXPORT_FORMATS)}.")
    line = EXPORT_FORMATS[format_name].line
    return (written for row in canonical_rows(project) if (written := line(row)) is not None)
