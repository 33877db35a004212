"""`manage.py status`: the loop at a glance, for a person or (--json) for a program."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management import BaseCommand
from django.core.serializers.json import DjangoJSONEncoder

from annotate.models import Project, Run
from annotate.selectors.agreement import Score
from annotate.selectors.encoders import EncoderChange
from annotate.selectors.overview import Overview, overview

COUNTS = (
    *("n_comparisons", "n_pairs", "n_open_pairs", "n_queued", "n_open_flags"),
    *("seconds_behind", "training_paused_since"),
)


class Command(BaseCommand):
    help = "Show every project's comparisons, live snapshot, agreement, queue and work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print JSON.")

    def handle(self, *, json: bool, **options: object) -> None:
        views = {project: overview(project) for project in Project.objects.filter(archived_at=None)}
        self.stdout.write(_as_json(views) if json else _as_text(views))


def _as_json(views: dict[Project, Overview]) -> str:
    return json.dumps([_facts(*entry) for entry in views.items()], cls=DjangoJSONEncoder, indent=2)


def _facts(project: Project, view: Overview) -> dict[str, Any]:
    """Return what the overview holds as plain values; None where there is nothing to report yet."""
    return {
        "project": project.slug,
        **{name: getattr(view, name) for name in COUNTS},
        "snapshot": view.snapshot and view.snapshot.number,
        "snapshot_at": view.snapshot and view.snapshot.created_at,
        "audit": view.audit and asdict(view.audit),
        "left_out": view.left_out and asdict(view.left_out),
        "work": view.work and view.work.kind,
        "parked": view.parked and view.parked.error,
        "encoder_change": view.encoder_change and _encoder_change(view.encoder_change),
    }


def _as_text(views: dict[Project, Overview]) -> str:
    return "\n\n".join(_described(*entry) for entry in views.items()) or "There is no project yet."


def _described(project: Project, view: Overview) -> str:
    lines = {
        "comparisons": str(view.n_comparisons),
        "pairs": f"{view.n_pairs}: {view.n_open_pairs} open, {view.n_queued} queued",
        "live snapshot": _snapshot(view),
        "audit accuracy": _score(view.audit),
        "left-out accuracy": f"{_score(view.left_out)}, not unbiased" if view.left_out else "none yet",
        "training": _training(view),
        **({"encoder": _encoder_change(view.encoder_change)} if view.encoder_change else {}),
    }
    return "\n".join([f"{project.name} ({project.slug})", *(f"  {name:<18} {text}" for name, text in lines.items())])


def _snapshot(view: Overview) -> str:
    if view.snapshot is None:
        return "none yet"
    behind = "" if view.seconds_behind is None else f", {view.seconds_behind:.1f} s after the last verdict in it"
    return f"{view.snapshot.number} of {view.snapshot.created_at:%Y-%m-%d %H:%M:%S} UTC{behind}"


def _score(score: Score | None) -> str:
    if score is None:
        return "none yet"
    return f"{score.accuracy:.1%} (95 % interval {score.accuracy_low:.1%} to {score.accuracy_high:.1%}, n {score.n})"


def _training(view: Overview) -> str:
    if since := view.training_paused_since:
        return "never began: start it" if since.year == 1 else f"paused since {since:%Y-%m-%d %H:%M:%S} UTC"
    if view.parked:
        return f"parked: {view.parked.error}"
    return f"at work ({view.work.kind})" if view.work else "up to date"


def _encoder_change(change: EncoderChange) -> str:
    name, run = change.model or "the packaged one", change.run
    if run and run.state == Run.State.PARKED:
        return f"change to {name} parked: {run.error}"
    return f"changing to {name}" + (f", {run.done} of {run.total} texts" if run and run.total else "")
