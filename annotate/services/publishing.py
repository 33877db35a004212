"""What a finished run leaves in the rows, exactly once: a snapshot with its queue and disagreements, or a study."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from annotate.models import Comparison, Disagreement, Project, QueuedPair, Run, Snapshot, Study
from annotate.selectors.watermark import watermark_of
from annotate.services.releasing import follow_trial
from annotate.services.training import finish_run


@dataclass(frozen=True)
class SnapshotContent:
    """Everything a snapshot stores, as the trainer computed it. parent: the snapshot whose head it went on from."""

    watermark: str
    config_digest: str
    encoder_key: str
    n_comparisons: int
    last_comparison: int
    parent_id: int | None
    weights: bytes
    full_rank: bytes | None
    digest: str
    config: dict[str, object]
    metrics: dict[str, object]
    reference_rewards: bytes
    seconds: float
    device: str


@dataclass(frozen=True)
class Queued:
    """One entry of the queue: a learn pair with its information, or an audit pair with none."""

    pair_id: int
    p_first: float
    information: float | None = None
    propensity: float | None = None


@dataclass(frozen=True)
class Surprising:
    """One comparison and what the head fitted without it expected. influences: (comparison id, logits toward first).

    control_id: a comparison that it was as sure of and that came as expected; control_p_left_out: P(first) there.
    """

    comparison_id: int
    p_left_out: float
    surprise: float
    badge: str = ""
    influences: tuple[tuple[int, float], ...] = ()
    control_id: int | None = None
    control_p_left_out: float | None = None


@transaction.atomic
def publish_snapshot(
    run: Run, content: SnapshotContent, *, queue: Iterable[Queued], disagreements: Iterable[Surprising]
) -> Snapshot:
    """Store a complete snapshot with its queue and disagreements and finish the run, all in one transaction.

    Where its trial says so, it is released or the released one is rolled back, in the same transaction. A snapshot of
    these rows and settings that is there already stays the only one. Raises FenceLost, with nothing stored, if a newer
    claim has the run.
    """
    finish_run(run, covers=content.watermark)
    project = run.project
    alike = {"project": project, "watermark": content.watermark, "config_digest": content.config_digest}
    if stored := Snapshot.objects.filter(**alike).first():
        return stored
    previous = Snapshot.objects.filter(project=project).aggregate(last=Max("number"))["last"] or 0
    snapshot = Snapshot.objects.create(
        project=project,
        number=previous + 1,
        seconds_behind=_seconds_behind(project, content),
        **{name: value for name, value in vars(content).items() if name != "last_comparison"},
    )
    _replace_queue(snapshot, queue)
    _replace_disagreements(snapshot, disagreements)
    follow_trial(snapshot)
    return snapshot


@transaction.atomic
def publish_study(
    run: Run, snapshot: Snapshot, *, findings: dict[str, object], style_free: bytes | None, seconds: float
) -> Study:
    """Store what a study of a snapshot found in the place of the study before, and finish the run.

    Raises FenceLost, with nothing stored, if a newer claim has the run.
    """
    finish_run(run, covers=run.watermark)
    if style_free is not None:
        Snapshot.objects.filter(pk=snapshot.pk).update(style_free=style_free)
    found = {"snapshot": snapshot, "findings": findings, "seconds": seconds}
    study, _ = Study.objects.update_or_create(project=run.project, defaults=found)
    return study


def _seconds_behind(project: Project, content: SnapshotContent) -> float | None:
    """Return the age of the newest verdict given here that no snapshot had seen, as this one goes live.

    None after an undo or an import alone: nobody waited for those with a verdict in hand.
    """
    parent = Snapshot.objects.filter(project=project, pk=content.parent_id or 0).only("watermark").first()
    seen = watermark_of(parent.watermark) if parent else None
    unseen = Comparison.objects.filter(
        project=project,
        source=Comparison.Source.LIVE,
        pk__gt=seen.last_comparison if seen else 0,
        pk__lte=content.last_comparison,
    )
    newest = unseen.order_by("-pk").first()
    return (timezone.now() - newest.created_at).total_seconds() if newest else None


def _replace_queue(snapshot: Snapshot, queue: Iterable[Queued]) -> None:
    QueuedPair.objects.filter(project=snapshot.project).delete()
    QueuedPair.objects.bulk_create(
        QueuedPair(project=snapshot.project, snapshot=snapshot, position=position, **vars(entry))
        for position, entry in enumerate(queue)
    )


def _replace_disagreements(snapshot: Snapshot, disagreements: Iterable[Surprising]) -> None:
    Disagreement.objects.filter(project=snapshot.project).delete()
    Disagreement.objects.bulk_create(
        Disagreement(project=snapshot.project, snapshot=snapshot, **vars(entry)) for entry in disagreements
    )
