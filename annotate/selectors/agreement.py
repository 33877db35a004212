"""Model-human agreement, read from the snapshots' metrics. The audit stream is the headline; the rest is marked."""

from dataclasses import dataclass

from django.db.models import Max, Min

from annotate.models import Project, Snapshot
from annotate.selectors.studies import Findings, findings

MOST_POINTS = 200


@dataclass(frozen=True)
class Score:
    """How well predictions met verdicts they had not seen: accuracy with its 95 % interval, NLL in nats, n.

    anytime_low, anytime_high: the interval of accuracy that may be read after every verdict; of the audit stream alone.
    """

    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    nll: float
    nll_low: float | None = None
    nll_high: float | None = None
    ece: float | None = None
    ece_by_luck: float | None = None
    brier: float | None = None
    anytime_low: float | None = None
    anytime_high: float | None = None


@dataclass(frozen=True)
class Ceiling:
    """How often two people agreed on random pairs, over n couples, and the accuracy that leaves to a perfect head."""

    n: int
    agreement: float
    low: float | None
    high: float | None


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
    ceiling: Ceiling | None
    bins: tuple[Bin, ...]
    curve: tuple[Point, ...]
    findings: Findings | None


def agreement(project: Project) -> Agreement:
    """Read the newest snapshot's agreement, the newest study, and the history of at most MOST_POINTS snapshots."""
    history = _history(project)
    newest = history[-1] if history else None
    return Agreement(
        audit=audit_score(newest),
        left_out=left_out_score(newest),
        ceiling=ceiling(newest),
        bins=tuple(Bin(**entry) for entry in newest.metrics.get("audit_bins", [])) if newest else (),
        curve=tuple(Point(s.number, s.n_comparisons, audit_score(s), left_out_score(s)) for s in history),
        findings=findings(project),
    )


def _history(project: Project) -> list[Snapshot]:
    """Read the newest snapshot and others evenly spread: of thousands, no more than are drawn."""
    rows = Snapshot.objects.filter(project=project, n_comparisons__gt=0).order_by("number")
    ends = rows.aggregate(first=Min("number"), last=Max("number"))
    if ends["last"] is None:
        return []
    step = max(1, -(-(ends["last"] - ends["first"] + 1) // MOST_POINTS))
    kept = range(ends["last"], ends["first"] - 1, -step)
    return list(rows.filter(number__in=kept).only("number", "n_comparisons", "metrics"))


def ceiling(snapshot: Snapshot | None) -> Ceiling | None:
    """Return what is known of people's agreement with each other, or None where no pair was judged by two."""
    if snapshot is None or not snapshot.metrics.get("people_n"):
        return None
    metrics = snapshot.metrics
    return Ceiling(
        metrics["people_n"], metrics["people_agreement"], metrics.get("ceiling_low"), metrics.get("ceiling_high")
    )


def audit_score(snapshot: Snapshot | None) -> Score | None:
    """Return agreement on the audit stream: first verdicts, predicted by the head that was live when asked."""
    return _score(snapshot, "audit")


def left_out_score(snapshot: Snapshot | None) -> Score | None:
    """Return leave-one-out agreement over all labels; not unbiased, since learn pairs were chosen by the model."""
    return _score(snapshot, "loo")


def _score(snapshot: Snapshot | None, prefix: str) -> Score | None:
    if snapshot is None or not snapshot.metrics.get(f"{prefix}_n"):
        return None
    return Score(**{name: snapshot.metrics.get(f"{prefix}_{name}") for name in Score.__dataclass_fields__})
