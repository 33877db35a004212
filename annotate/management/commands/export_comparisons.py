"""`manage.py export_comparisons`: write a project's comparisons to a file or to standard output."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from annotate.formats.exports import EXPORT_FORMATS
from annotate.management.projects import project_called
from annotate.services.exporting import export_comparisons


class Command(BaseCommand):
    help = "Export a project as JSONL: canonical (lossless) or TRL preference data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument("--format", choices=EXPORT_FORMATS, default="canonical")
        parser.add_argument("--out", type=Path, help="a file; standard output without it")

    def handle(self, *, project: str, format: str, out: Path | None, **options: Any) -> None:
        source = project_called(project)
        lines = export_comparisons(source, format)
        if out is None:
            sys.stdout.buffer.writelines(lines)
            return
        partial = out.with_name(out.name + ".partial")
        with partial.open("wb") as file:
            file.writelines(lines)
        partial.replace(out)
        self.stdout.write(f"Wrote {out}.")
