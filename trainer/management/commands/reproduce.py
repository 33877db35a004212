"""Make a snapshot again from the rows, settings, seed and parent that it records, and say whether it is the same."""

from argparse import ArgumentParser
from hashlib import sha256
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from annotate.models import Snapshot
from trainer.desk import device_name, versions
from trainer.head import Head
from trainer.management.arguments import positive_number
from trainer.reproduce import CannotReproduce, reproduce


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("--snapshot", type=positive_number, help="its number (the newest without it)")

    def handle(self, *, project: str, snapshot: int | None, **options: Any) -> None:
        recorded = _snapshot(project, snapshot)
        try:
            remade = reproduce(recorded)
        except CannotReproduce as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{recorded} was made from the {', '.join(recorded.config['digests'])} that are there now.")
        if sha256(remade.head.to_bytes()).hexdigest() != recorded.digest:
            raise CommandError(_difference(recorded, bytes(recorded.weights), remade.head))
        if remade.full_rank and remade.full_rank.to_bytes() != recorded.tried:
            raise CommandError(f"At full rank: {_difference(recorded, recorded.tried, remade.full_rank)}")
        self.stdout.write(f"Made again it has the same bytes, digest {recorded.digest}.", self.style.SUCCESS)


def _snapshot(slug: str, number: int | None) -> Snapshot:
    rows = Snapshot.objects.filter(project__slug=slug).select_related("project", "parent").order_by("-number")
    found = rows.filter(number=number) if number else rows
    if (snapshot := found.first()) is None:
        which = f"no snapshot {number}" if number else "no snapshot yet"
        raise CommandError(f"There is no project {slug}, or it has {which}. `manage.py status` shows what there is.")
    return snapshot


def _difference(recorded: Snapshot, content: bytes, remade: Head) -> str:
    """Say by how much the weights are off, and on what each was computed: bytes are the same on one device class."""
    stored = Head.from_bytes(content)
    off = float(np.abs(stored.weights_D - remade.weights_D).max(initial=0.0))
    then = {"device": recorded.device, **recorded.config.get("versions", {})}
    now = {"device": device_name(), **versions()}
    other = ", ".join(f"{name} {then.get(name)} then, {now[name]} now" for name in now if then.get(name) != now[name])
    return (
        f"Made again it has other bytes: weights differ by up to {off:.1e} of {np.abs(stored.weights_D).max():.1e}. "
        f"{f'It was made elsewhere: {other}.' if other else 'It was made on a machine and libraries like these.'}"
    )
