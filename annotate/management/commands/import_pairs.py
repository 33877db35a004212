"""`manage.py import_pairs`: bring a file of prompts, responses and labels into a project."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotate.management.projects import project_called
from annotate.services.errors import Refusal
from annotate.services.importing import ImportReport, Policy, import_pairs
from annotate.services.site_admin import ensure_site_admin

SHOWN = 50


class Command(BaseCommand):
    help = "Import a JSONL file, plain or .gz; labels become comparisons of named import annotators."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--project", required=True, help="slug of the project, which must exist")
        parser.add_argument(
            "--policy", choices=[policy.value for policy in Policy], default=Policy.STRICT.value,
            help="strict: all rows or none (the default); skip-bad: the good rows",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="report only, write nothing")

    def handle(self, *, file: Path, project: str, policy: str, dry_run: bool, **options: Any) -> None:
        target = project_called(project)
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        try:
            with file.open("rb") as stream:
                report = import_pairs(
                    project=target, file=stream, by=ensure_site_admin(), policy=Policy(policy), dry_run=dry_run
                )
        except Refusal as refusal:
            raise CommandError(refusal.message) from None
        self._tell(report)
        if report.n_errors and not report.committed:
            raise CommandError(
                f"Nothing was imported: {report.n_errors} errors. Mend the rows, or import the good ones "
                "with --policy skip-bad."
            )

    def _tell(self, report: ImportReport) -> None:
        for problem in [*report.errors[:SHOWN], *report.warnings[:SHOWN]]:
            self.stderr.write(f"line {problem.line}: {problem.field or 'row'}: {problem.code}: {problem.message}")
        if report.n_errors > SHOWN:
            self.stderr.write(f"... and {report.n_errors - SHOWN} more errors.")
        outcome = f"Imported {report.added}." if report.committed else "Checked only; nothing was written."
        self.stdout.write(f"{report.n_rows} good rows, {report.n_errors} errors. {outcome}")
