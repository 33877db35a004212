"""The desk where a run is done: rows in, the trainer's pure functions over arrays, rows out.

What is costly to read again is kept on the shelf (shelf.py); responses get their vectors in embedding.py.
"""

from hashlib import sha256
from math import log
from time import perf_counter
from typing import cast

import numpy as np
import torch

from annotate.models import Outcome as Verdict
from annotate.models import Project, Run, Snapshot, Stream
from annotate.selectors.training_rows import LabelRows, PairRows, label_rows, pair_rows
from annotate.selectors.watermark import Watermark, watermark
from annotate.services.training import (
    Queued,
    SnapshotContent,
    Surprising,
    config_digest,
    fit_config,
    fit_mark,
    publish_snapshot,
    send_back_to_embedding,
)
from trainer.acquire import Strategy
from trainer.embedding import embed
from trainer.head import Head
from trainer.honesty import reliability_bins
from trainer.material import FitConfig, Material
from trainer.outcomes import Outcome, ScaleName
from trainer.refit import Refit, refit
from trainer.shelf import NotEmbedded, Shelf, clear_shelf, shelf_of

N_AUDIT_AHEAD = 64  # audit pairs whose prediction is written before anybody sees them
MOST_DISAGREEMENTS = 200
OUTCOMES = {
    Verdict.FIRST: Outcome.FIRST,
    Verdict.SECOND: Outcome.SECOND,
    Verdict.TIE: Outcome.TIE,
    Verdict.BOTH_BAD: Outcome.BOTH_BAD,
}


def perform(run: Run) -> None:
    """Do a claimed run: embed what has no vector yet, or fit and publish a snapshot."""
    try:
        {Run.Kind.EMBED: embed, Run.Kind.FIT: fit}[Run.Kind(run.kind)](run)
    except NotEmbedded:
        send_back_to_embedding(run)
    except BaseException:
        clear_shelf(run.project_id)
        raise


def fit(run: Run) -> Refit:
    """Read the project as it stands now, refit the head, and publish it with its queue and disagreements.

    The result's pairs are in the order of `pair_rows`. Raises NotEmbedded.
    """
    started, project = perf_counter(), run.project
    mark, labels = _settled_labels(project)
    pairs = pair_rows(project)
    shelf = shelf_of(project, mark, pairs)
    material = _material(shelf, labels, pairs)
    previous = Snapshot.objects.filter(project=project).order_by("-number").first()
    config = FitConfig(scale=cast(ScaleName, project.outcomes), strategy=cast(Strategy, project.strategy))
    result = refit(
        material,
        config,
        previous=Head.from_bytes(bytes(previous.weights)) if previous else None,
        geometry=shelf.geometry,
        seed=project.seed,
    )
    if not np.isfinite(result.head.weights_D).all():
        raise ValueError("the fit gave weights that are no numbers")
    shelf.geometry = result.geometry
    weights = result.head.to_bytes()
    content = SnapshotContent(
        watermark=fit_mark(project, mark),
        config_digest=config_digest(project),
        encoder_key=shelf.encoder_key,
        n_comparisons=len(labels.comparison),
        last_comparison=mark.last_comparison,
        weights=weights,
        digest=sha256(weights).hexdigest(),
        config={**fit_config(project), "digests": result.digests},
        metrics={**result.metrics, "seconds": result.seconds, "audit_bins": _audit_bins(material)},
        seconds=perf_counter() - started,
        device=device_name(),
    )
    publish_snapshot(run, content, queue=_queue(result, pairs), disagreements=_disagreements(result, labels))
    return result


def _settled_labels(project: Project) -> tuple[Watermark, LabelRows]:
    """Read a watermark and exactly the labels it covers."""
    while True:
        mark = watermark(project)
        if (labels := label_rows(project, mark)) is not None:
            return mark, labels


def _material(shelf: Shelf, labels: LabelRows, pairs: PairRows) -> Material:
    """Turn ids of rows into places in arrays."""
    audit_B = labels.stream == Stream.AUDIT
    _, prompt_N = np.unique(_prompt_of_responses(shelf, pairs), return_inverse=True)
    place_of_pair = np.argsort(pairs.pair)
    return Material(
        encoder_key=shelf.encoder_key,
        embedding_ND=shelf.embedding_ND,
        prompt_N=prompt_N,
        first_M=np.searchsorted(shelf.response_N, pairs.first),
        second_M=np.searchsorted(shelf.response_N, pairs.second),
        askable_M=pairs.assignable & ~pairs.audit,
        pair_B=place_of_pair[np.searchsorted(pairs.pair, labels.pair, sorter=place_of_pair)],
        outcome_B=np.array([OUTCOMES[outcome] for outcome in labels.outcome], np.int64),
        strength_B=np.zeros(len(labels.pair), np.int64),
        annotator_B=labels.annotator,
        weight_B=np.ones(len(labels.pair)),
        tuning_B=audit_B | (labels.stream == Stream.IMPORT),
        p_first_shown_B=np.where(audit_B & ~labels.surplus, labels.p_first, np.nan),
    )


def _prompt_of_responses(shelf: Shelf, pairs: PairRows) -> np.ndarray:
    """Return each response's prompt id; responses in no pair share none (their own negative id)."""
    prompt_N = -shelf.response_N
    for side in (pairs.first, pairs.second):
        prompt_N[np.searchsorted(shelf.response_N, side)] = pairs.prompt
    return prompt_N


def _queue(result: Refit, pairs: PairRows) -> list[Queued]:
    """Return the chosen learn pairs, then the audit pairs that come next, so that both are predicted before shown."""
    chosen = result.queue
    learn = [
        Queued(int(pairs.pair[pair]), p_first=float(p), information=_or_none(gain), propensity=_or_none(chance))
        for pair, p, gain, chance in zip(
            chosen.pair_Q, chosen.p_first_Q, chosen.information_Q, chosen.propensity_Q, strict=True
        )
    ]
    ahead = np.flatnonzero(pairs.assignable & pairs.audit)[:N_AUDIT_AHEAD]
    return learn + [Queued(int(pairs.pair[pair]), p_first=float(result.p_first_M[pair])) for pair in ahead]


def _disagreements(result: Refit, labels: LabelRows) -> list[Surprising]:
    """Return the labels that the head without them held for less likely than not, the most surprising first."""
    surprise_B = np.nan_to_num(result.labels.surprise_B)
    worst = [
        label for label in np.argsort(-surprise_B, kind="stable")[:MOST_DISAGREEMENTS] if surprise_B[label] > log(2)
    ]
    return [
        Surprising(
            int(labels.comparison[label]),
            p_left_out=float(result.labels.p_first_B[label]),
            surprise=float(surprise_B[label]),
            badge=result.labels.badge_B[label],
        )
        for label in worst
    ]


def _audit_bins(material: Material) -> list[dict[str, float]]:
    """Return the reliability diagram of the decisive audit labels that were predicted before they were shown."""
    shown = np.isfinite(material.p_first_shown_B) & np.isin(material.outcome_B, (Outcome.FIRST, Outcome.SECOND))
    won = material.outcome_B[shown] == Outcome.FIRST
    bins = reliability_bins(material.p_first_shown_B[shown], won, n_bins=10)
    return [{"n": one.n, "predicted": one.mean_probability, "observed": one.frequency} for one in bins]


def device_name() -> str:
    """Return what a snapshot says it was computed on."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else f"cpu, {torch.get_num_threads()} threads"


def _or_none(number: float) -> float | None:
    return None if np.isnan(number) else float(number)
