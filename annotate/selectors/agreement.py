"""Model-human agreement, read from the snapshots' metrics. The audit stream is the headline; the rest is marked."""

from dataclasses import dataclass

from annotate.models import Project, Snapshot

MOST_POINTS = 200


@dataclass(frozen=True)
class Score:
    """How well predictions met verdicts they had not seen: accuracy with its 95 % interval, NLL in nats, n."""

    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    nll: float
    ece: float | None = None
    brier: float | None = None


@dataclass(frozen=True)
class Bin:
    """One bin of the reliability diagram: mean predicted P(first) against the share that chose first."""

    n: int
    predicted: float
    observed: float


@dataclass(frozen=True)
class Point:
    """Agreement as one snapshot reported it."""

    snapshot: int
    n_comparisons: int
    audit: Score | None
    left_out: Score | None


@dataclass(frozen=True)
class Agreement:
    """Everything on the agreement screen."""

    audit: Score | None
    left_out: Score | None
    bins: tuple[Bin, ...]
    curve: tuple[Point, ...]


def agreement(project: Project) -> Agreement:
    """Read the newest snapshot's agreement and its history, thinned to at most MOST_POINTS snapshots."""
    history = list(
        Snapshot.objects.filter(project=project, n_comparisons__gt=0)
        .order_by("number")
        .only("number", "n_comparisons", "metrics")
    )
    newest = history[-1] if history else None
    step = max(1, -(-len(history) // MOST_POINTS))
    kept = history[::-1][::step][::-1]
    return Agreement(
        audit=audit_score(newest),
        left_out=left_out_score(newest),
        bins=tuple(Bin(**entry) for entry in newest.metrics.get("audit_bins", [])) if newest else (),
        curve=tuple(Point(s.number, s.n_comparisons, audit_score(s), left_out_score(s)) for s in kept),
    )


def audit_score(snapshot: Snapshot | None) -> Score | None:
    """Return agreement on the audit stream: predicted by the snapshot that was live when the pair was shown."""
    return _score(snapshot, "audit")


def left_out_score(snapshot: Snapshot | None) -> Score | None:
    """Return leave-one-out agreement over all labels; not unbiased, since learn pairs were chosen by the model."""
    return _score(snapshot, "loo")


def _score(snapshot: Snapshot | None, prefix: str) -> Score | None:
    if snapshot is None or not snapshot.metrics.get(f"{prefix}_n"):
        return None
    return Score(**{name: snapshot.metrics.get(f"{prefix}_{name}") for name in Score.__dataclass_fields__})
