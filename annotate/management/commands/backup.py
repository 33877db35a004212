"""`manage.py backup FILE`: everything durable in one file, taken while people work."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management import BaseCommand, CommandError

from annotate.services.backup import back_up
from annotate.services.errors import Refusal


class Command(BaseCommand):
    help = "Write the whole database to FILE, which must not exist yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **options: object) -> None:
        try:
            back_up(file)
        except (Refusal, OSError) as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(
            f"Wrote {file} ({file.stat().st_size / 1e6:.1f} MB). It holds accounts and texts: keep it safe."
        )
