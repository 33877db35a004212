"""The study run: what is costly to know of a project's newest snapshot, from rows and back into rows."""

from dataclasses import asdict
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from annotate.models import Project, Run, Snapshot, Stream
from annotate.selectors.training_rows import LabelRows, judged_texts
from annotate.services.publishing import publish_study
from annotate.services.training import finish_run
from trainer.alarms import leans
from trainer.head import Head
from trainer.honesty import clustered_interval, correctness, luck_groups
from trainer.outcomes import Outcome
from trainer.reading import Reading, read_project
from trainer.refit import refit
from trainer.shelf import Shelf
from trainer.study import Circumstances, Study, study
from trainer.style import STYLE, style_of
from trainer.trials import slices_of

MOST_HEADS = 20  # of the history, evenly spread
MOST_POINTS = 500  # of the data map

Floats = npt.NDArray[np.float64]

_styles: dict[int, dict[int, tuple[int, int, int, int]]] = {}


def study_project(run: Run) -> None:
    """Study the newest snapshot and store what was found. Raises NotEmbedded."""
    started, project = perf_counter(), run.project
    snapshot = Snapshot.objects.filter(project=project).order_by("-number").first()
    read = read_project(project)
    if snapshot is None or snapshot.encoder_key != read.shelf.encoder_key:
        finish_run(run, covers="")
        return
    live = Head.from_bytes(bytes(snapshot.weights))
    result = refit(read.material, read.config, previous=live, geometry=read.shelf.geometry, seed=project.seed)
    read.shelf.geometry = result.geometry
    found = study(read.material, read.config, result, _circumstances(project, read), seed=project.seed)
    publish_study(
        run,
        snapshot,
        findings={**_findings(found, read.labels), "slices": _slices(project, read)},
        style_free=found.style_free.to_bytes() if found.style_free else None,
        seconds=perf_counter() - started,
    )


def _circumstances(project: Project, read: Reading) -> Circumstances:
    labels = read.labels
    weights_KD, sharpness_K = _history(project, read.shelf.encoder_key)
    return Circumstances(
        side_B=np.nan_to_num(2 * labels.first_on_left - 1),
        learn_B=labels.stream == Stream.LEARN,
        audit_B=(labels.stream == Stream.AUDIT) & ~labels.surplus,
        blind_B=labels.stream != Stream.IMPORT,
        style_NS=_style_of_responses(project, read.shelf) if project.style_effects else None,
        history_KD=weights_KD,
        history_K=sharpness_K,
    )


def _history(project: Project, encoder_key: str) -> tuple[npt.NDArray[np.float32], Floats]:
    """Return weights and sharpness of at most 20 snapshots, evenly spread over those that had seen a label."""
    rows = Snapshot.objects.filter(project=project, encoder_key=encoder_key, n_comparisons__gt=0).order_by("number")
    numbers = list(rows.values_list("number", flat=True))
    some = {numbers[round(place)] for place in np.linspace(0, len(numbers) - 1, MOST_HEADS)} if numbers else set()
    kept = rows.filter(number__in=some).values_list("weights", "metrics__sharpness")
    heads = [(Head.from_bytes(bytes(weights)), sharpness) for weights, sharpness in kept]
    sharpness_K = np.array([sharpness or head.temperature for head, sharpness in heads], np.float64)
    return np.array([head.weights_D for head, _ in heads], np.float32), sharpness_K


def _style_of_responses(project: Project, shelf: Shelf) -> Floats:
    """Return the style of every response that was judged, zeros for the others; texts never change, so it is kept."""
    known = _styles.setdefault(project.pk, {})
    known |= {response: style_of(text) for response, text in judged_texts(project) if response not in known}
    nothing = (0,) * len(STYLE)
    return np.array([known.get(response, nothing) for response in shelf.response_N.tolist()], np.float64)


def _findings(found: Study, labels: LabelRows) -> dict[str, Any]:
    """Return what the pages show, as JSON."""
    return {
        "n": found.n,
        "position": asdict(found.position),
        "style": {name: asdict(effect) for name, effect in found.style.items()},
        "lapses": [asdict(lapse) for lapse in found.lapses],
        "helping": asdict(found.helping) if found.helping else None,
        "flips": _flips(found),
        "map": _points(found, labels),
        "alarms": ["position"] if leans(*found.position.interval) else [],
    }


def _flips(found: Study) -> dict[str, Any] | None:
    if found.flips is None:
        return None
    rates = {"surprising": found.flips.surprising, "controls": found.flips.controls}
    return {name: {**asdict(rate), "share": rate.share if rate.n else None} for name, rate in rates.items()}


def _points(found: Study, labels: LabelRows) -> list[dict[str, float]]:
    """Return up to 500 labels of the data map, evenly spread over the order in which they came."""
    if found.map is None:
        return []
    known = np.flatnonzero(np.isfinite(found.map.confidence_B))
    some = known[np.unique(np.linspace(0, len(known) - 1, MOST_POINTS).round().astype(int))] if len(known) else known
    return [
        {
            "comparison": int(labels.comparison[label]),
            "confidence": round(float(found.map.confidence_B[label]), 4),
            "variability": round(float(found.map.variability_B[label]), 4),
        }
        for label in some
    ]


def _slices(project: Project, read: Reading) -> list[dict[str, Any]]:
    """Return test-then-train accuracy on the audit stream by slice, the largest first."""
    material = read.material
    shown_B = np.isfinite(material.p_first_shown_B) & np.isin(material.outcome_B, (Outcome.FIRST, Outcome.SECOND))
    right_B = correctness(material.p_first_shown_B[shown_B], material.outcome_B[shown_B] == Outcome.FIRST)
    pair_B, prompt_B = material.pair_B[shown_B], material.prompt_B[shown_B]
    return [
        _slice(name, right_B[some_B], luck_groups(prompt_B[some_B], pair_B[some_B]))
        for name, some_B in slices_of(project, read.labels, shown_B).items()
    ]


def _slice(name: str, right_B: Floats, group_B: npt.NDArray[np.int64]) -> dict[str, Any]:
    low, high = clustered_interval(right_B, group_B)
    return {"name": name, "n": len(right_B), "accuracy": float(right_B.mean()), "low": low, "high": high}
