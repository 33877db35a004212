"""What the trainer would have written: a snapshot with its weights, and a surprise."""

from typing import Any

from annotate.models import Comparison, Disagreement, Project, Snapshot, Study

SCORE = {"n": 40, "accuracy": 0.75, "accuracy_low": 0.6, "accuracy_high": 0.86, "nll": 0.5, "ece": 0.04, "brier": 0.17}
METRICS: dict[str, Any] = {
    **{f"audit_{name}": value for name, value in SCORE.items()},
    **{f"loo_{name}": value for name, value in SCORE.items()},
    "loo_n": 160,
    "audit_bins": [{"n": 20, "predicted": 0.3, "observed": 0.25}],
}


CONDITIONS = [
    {"name": "gain", "held": True, "figure": 0.0123, "bound": 0.0},
    {"name": "accuracy", "held": True, "figure": 0.021, "bound": -0.01},
    {"name": "slices", "held": False, "figure": 1.0, "bound": 0.0},
    {"name": "calibration", "held": True, "figure": 0.031, "bound": 0.057},
    {"name": "ranking", "held": True, "figure": 0.93, "bound": 0.8},
]
TRIAL: dict[str, Any] = {
    "released": None, "n": 120, "look": True, "decision": "keep", "conditions": CONDITIONS, "worse": ["tag maths"],
    "gain": 0.03, "wealth": 1.0, "roll_back": False,
}  # fmt: skip
FINDINGS: dict[str, Any] = {
    "n": 200,
    "position": {"coefficient": 0.3, "interval": [0.15, 0.45]},
    "style": {"length": {"coefficient": 0.8, "interval": [0.5, 1.1]}},
    "lapses": [],
    "helping": {
        "n_trained": 60, "n_scored": 80, "nll_gain": -0.012, "nll_interval": [-0.03, 0.01], "accuracy_gain": 0.0,
        "accuracy_interval": [-0.02, 0.02],
    },
    "flips": {
        "surprising": {"n": 34, "share": 0.441, "interval": [0.29, 0.6]},
        "controls": {"n": 34, "share": 0.176, "interval": [0.08, 0.34]},
    },
    "slices": [{"name": "tag maths", "n": 40, "accuracy": 0.7, "low": 0.55, "high": 0.82}],
    "map": [],
    "alarms": [],
}  # fmt: skip


def make_study(project: Project, snapshot: Snapshot, **findings: Any) -> Study:
    return Study.objects.create(project=project, snapshot=snapshot, findings=FINDINGS | findings, seconds=1.5)


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
    comparison: Comparison, snapshot: Snapshot, *, surprise: float = 2.3, badge: str = "blind_spot", **fields: Any
) -> Disagreement:
    return Disagreement.objects.create(
        project=comparison.project,
        comparison=comparison,
        snapshot=snapshot,
        p_left_out=0.1,
        surprise=surprise,
        badge=badge,
        **fields,
    )
