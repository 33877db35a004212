"""Answer a project's questions with the verdicts that people gave before, and see how fast each strategy learns."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from annotate.models import Project
from trainer.replay import Curve, Recording, replay


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="JSONL of labelled pairs, plain or .gz.")
        parser.add_argument("--strategy", nargs="+", choices=Project.Strategy.values, default=["vopt", "random"])
        parser.add_argument("--labels", type=int, default=1000, help="verdicts to ask for, at most (1000)")
        parser.add_argument("--every", type=int, default=32, help="verdicts between trainings (32)")
        parser.add_argument("--held-out", type=float, default=0.2, help="share of pairs kept for scoring (0.2)")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--out", type=Path, help="write the learning curves here too, as JSON")

    def handle(self, *, file: Path, strategy: list[str], out: Path | None, **options: Any) -> None:
        if not file.exists():
            raise CommandError(f"There is no file {file}. Give the path of a JSONL file of labelled pairs.")
        recording = Recording.read(file, held_out=options["held_out"], seed=options["seed"])
        with _scratch_database():
            curves = {
                name: replay(recording, name, n_labels=options["labels"], every=options["every"], seed=options["seed"])
                for name in strategy
            }
        self.stdout.write(_side_by_side(curves))
        if out:
            written = {name: [asdict(point) for point in curve] for name, curve in curves.items()}
            out.write_text(json.dumps({"file": file.name, "seed": options["seed"], "curves": written}, indent=1))


@contextmanager
def _scratch_database() -> Iterator[None]:
    """Work in a new database of the same kind, thrown away afterwards: a replay leaves no trace in the real one."""
    real_name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(real_name, verbosity=0)


def _side_by_side(curves: dict[str, Curve]) -> str:
    head = "labels" + "".join(f" | {name:>8} accuracy    nll    ece" for name in curves)
    rows = [
        f"{next(point.n_labels for point in points if point):6d}"
        + "".join(f" | {p.accuracy:17.3f} {p.nll:6.3f} {p.ece:6.3f}" if p else " " * 34 for p in points)
        for points in zip_longest(*curves.values())
    ]
    return "\n".join([head, *rows])
