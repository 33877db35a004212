"""Replay a recorded file with the verdicts that people gave before, and see how fast each strategy learns."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.test.utils import override_settings

from annotate.models import Project
from trainer.management.arguments import positive_number, share
from trainer.replay.chart import draw
from trainer.replay.recording import NothingToReplay, Recording
from trainer.replay.report import lines, summary
from trainer.replay.results import OtherResults, Results
from trainer.replay.run import Plan, replay


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="JSONL of labelled pairs, plain or .gz.")
        parser.add_argument("--strategy", nargs="+", choices=Project.Strategy.values, default=["vopt", "random"])
        parser.add_argument("--labels", type=positive_number, default=1000, help="verdicts to ask for, at most (1000)")
        parser.add_argument("--seeds", type=positive_number, default=1, help="how many times, with seeds 0, 1, ... (1)")
        parser.add_argument("--every", type=positive_number, default=32, help="verdicts between trainings (32)")
        parser.add_argument("--held-out", type=share, default=0.2, help="share of prompts and pairs for scoring (0.2)")
        parser.add_argument("--out", type=Path, help="keep results here as JSON, and beside it a chart; resumes")

    def handle(self, *, file: Path, strategy: list[str], seeds: int, out: Path | None, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(f"There is no file {file}. Give the path of a JSONL file of labelled pairs.")
        if out and not out.parent.is_dir():
            raise CommandError(f"There is no folder {out.parent} to write results to. Make it, or give another --out.")
        plan = Plan(options["labels"], options["every"], options["held_out"])
        try:
            recording = Recording.read(file)
            results = Results.resume(out, {"file": file.name, "sha256": recording.digest, **asdict(plan)})
            self._say_what(recording, plan, results)
            with _scratch_database():
                for run in replay(recording, plan, list(dict.fromkeys(strategy)), range(seeds), results):
                    self.stdout.write(f"{run.strategy}, seed {run.seed}: {run.seconds:.0f} s", self.style.SUCCESS)
        except (NothingToReplay, OtherResults) as error:
            raise CommandError(str(error)) from None
        self.stdout.write("\n".join(lines(results)))
        results.write(summary=summary(results))
        if out:
            out.with_suffix(".svg").write_text(draw(results, file.name))

    def _say_what(self, recording: Recording, plan: Plan, results: Results) -> None:
        split = recording.split(plan.held_out, seed=0)
        prompts = len(split.held_out_prompts) or "no prompt can be spared: the file has fewer than 5 groups of them, 0"
        self.stdout.write(
            f"{len(recording.rows)} pairs with {recording.n_labels} verdicts ({recording.n_refused} lines refused). "
            f"Asked about: {len(split.asked)}. Held out: {len(split.held_out_pairs)} pairs; "
            f"of other prompts: {prompts} pairs."
        )
        if results.runs:
            self.stdout.write(f"{len(results.runs)} runs are there already and are not repeated.")


@contextmanager
def _scratch_database() -> Iterator[None]:
    """Work in a new database and data directory, thrown away afterwards: a replay leaves no trace in the real ones."""
    real_name = connection.settings_dict["NAME"]
    with TemporaryDirectory(prefix="tiebreak-replay-") as folder, override_settings(DATA_DIR=Path(folder)):
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(real_name, verbosity=0)
