"""`manage.py export_head`: write a project's reward head to a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotate.management.projects import project_called
from annotate.models import Project
from annotate.selectors.snapshots import HeadFile, head_file, head_in_use


class Command(BaseCommand):
    help = "Write the released reward head, or the newest while none is released, as safetensors; and say which it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument("--snapshot", type=int, help="the head of this snapshot instead")
        parser.add_argument("--style-free", action="store_true", help="of that snapshot, the head with style taken out")
        parser.add_argument("--out", type=Path, help="a file; without it, one in this folder named after the snapshot")

    def handle(self, *, project: str, snapshot: int | None, style_free: bool, out: Path | None, **options: Any) -> None:
        if style_free and snapshot is None:
            raise CommandError("Say of which snapshot with --snapshot: without it, the head is the one in use.")
        found = _head(project_called(project), snapshot, style_free)
        file = out or Path(found.name_in(project))
        partial = file.with_name(file.name + ".partial")
        partial.write_bytes(found.weights)
        partial.replace(file)
        self.stdout.write(f"Wrote the head of {found.which} to {file}.")


def _head(project: Project, number: int | None, style_free: bool) -> HeadFile:
    found = head_in_use(project) if number is None else head_file(project, number, style_free=style_free)
    if found is None:
        form = "style-free head" if style_free else "head"
        which = "yet" if number is None else f"of snapshot {number}"
        raise CommandError(f"There is no {form} {which} in {project.slug}. `manage.py status` shows its snapshots.")
    return found
