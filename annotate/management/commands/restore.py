"""`manage.py restore FILE`: bring a backup back, into an empty database."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management import BaseCommand, CommandError, call_command

from annotate.services.backup import restore
from annotate.services.errors import Refusal


class Command(BaseCommand):
    help = "Fill an empty database from FILE and bring it up to this version."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **options: object) -> None:
        try:
            restore(file)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write(f"Restored {file}.")
