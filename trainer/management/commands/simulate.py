"""Let people with known rewards, lapses, ties and sides judge, and see whether what is reported of them is true."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trainer.management.arguments import positive_number
from trainer.recovery import SETTINGS, Finding, recover


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--setting", nargs="+", choices=SETTINGS, default=list(SETTINGS))
        parser.add_argument("--runs", type=positive_number, default=1000, help="simulated projects per setting (1000)")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *, setting: list[str], runs: int, seed: int, **options: Any) -> None:
        self.stdout.write(f"{'setting':10}{'what':32}{'truth':>8}{'said':>8}{'covered':>9}  must cover")
        broken = 0
        for name in setting:
            for finding in recover(SETTINGS[name], n_runs=runs, seed=seed):
                self.stdout.write(f"{name:10}{_row(finding)}")
                broken += not finding.as_promised
        if broken:
            raise CommandError(f"{broken} intervals cover too many or too few truths; see the rows marked with !")


def _row(finding: Finding) -> str:
    band = "{:.2f} to {:.2f}".format(*finding.band) if finding.band else "not promised"
    mark = "" if finding.as_promised else " !"
    return f"{finding.name:32}{finding.truth:8.3f}{finding.estimate:8.3f}{finding.covered:9.3f}  {band}{mark}"
