"""What the trainer would have written: a snapshot with its weights, and a surprise."""

from typing import Any

from annotate.models import Comparison, Disagreement, Project, Snapshot

SCORE = {"n": 40, "accuracy": 0.75, "accuracy_low": 0.6, "accuracy_high": 0.86, "nll": 0.5, "ece": 0.04, "brier": 0.17}
METRICS: dict[str, Any] = {
    **{f"audit_{name}": value for name, value in SCORE.items()},
    **{f"loo_{name}": value for name, value in SCORE.items()},
    "loo_n": 160,
    "audit_bins": [{"n": 20, "predicted": 0.3, "observed": 0.25}],
}


def make_snapshot(project: Project, number: int = 1, *, weights: bytes = b"weights", **fields: Any) -> Snapshot:
    defaults: dict[str, Any] = {
        "watermark": f"c{number}",
        "config_digest": "0" * 64,
        "encoder_key": "minilm",
        "n_comparisons": 200 * number,
        "digest": "f" * 64,
        "config": {"seed": 0},
        "metrics": METRICS,
        "seconds": 0.4,
        "seconds_behind": 1.2,
        "device": "cpu",
    }
    return Snapshot.objects.create(project=project, number=number, weights=weights, **(defaults | fields))


def make_disagreement(
    comparison: Comparison, snapshot: Snapshot, *, surprise: float = 2.3, badge: str = "blind_spot"
) -> Disagreement:
    return Disagreement.objects.create(
        project=comparison.project,
        comparison=comparison,
        snapshot=snapshot,
        p_left_out=0.1,
        surprise=surprise,
        badge=badge,
    )
