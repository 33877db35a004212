"""Runs of the trainer as the tests do them by hand, and what a snapshot would hold."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from annotate.models import Project, Run, Snapshot
from annotate.selectors.watermark import watermark
from annotate.services.publishing import SnapshotContent
from annotate.services.training import claim_run, config_digest, due_runs, finish_run, fit_mark


def content(project: Project, **fields: Any) -> SnapshotContent:
    mark = watermark(project)
    parent = Snapshot.objects.filter(project=project).order_by("-number").first()
    plain = SnapshotContent(
        watermark=fit_mark(project, mark),
        config_digest=config_digest(project),
        encoder_key="e",
        n_comparisons=mark.n_comparisons,
        last_comparison=mark.last_comparison,
        parent_id=parent.pk if parent else None,
        weights=b"w",
        full_rank=None,
        digest="d",
        config={},
        metrics={},
        reference_rewards=b"",
        seconds=0.1,
        device="cpu",
    )
    return replace(plain, **fields)


def claimed(project: Project) -> Run:
    (run,) = due_runs()
    claim = claim_run(run.pk)
    assert claim is not None
    return claim


def embed(project: Project) -> None:
    run = claimed(project)
    assert run.kind == Run.Kind.EMBED
    finish_run(run, covers=run.watermark)


def go_silent(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(heartbeat_at=Now() - timedelta(minutes=1))
