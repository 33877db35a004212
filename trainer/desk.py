"""The desk where a run is done: rows in, the trainer's pure functions over arrays, rows out.

What is costly to read again (embeddings, their geometry, the encoder) stays on the desk between runs of one process; it
is a cache of rows and may be lost at any time.
"""

from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from math import log
from time import perf_counter
from typing import cast

import numpy as np
import torch

from annotate.models import Outcome as Verdict
from annotate.models import Project, Run, Snapshot, Stream
from annotate.selectors.training_rows import LabelRows, PairRows, label_rows, pair_rows, unembedded, vectors
from annotate.selectors.watermark import Watermark, watermark
from annotate.services.embeddings import store_embeddings
from annotate.services.training import (
    Queued,
    SnapshotContent,
    Surprising,
    config_digest,
    finish_run,
    fit_config,
    fit_mark,
    give_way,
    publish_snapshot,
    report_progress,
    send_back_to_embedding,
)
from trainer.acquire import Strategy
from trainer.encoder import Encoder, EncoderConfig, load_encoder
from trainer.geometry import Geometry
from trainer.head import Head
from trainer.honesty import reliability_bins
from trainer.material import FitConfig, Material
from trainer.outcomes import Outcome, ScaleName
from trainer.refit import Refit, refit

CHUNK = 256  # responses encoded, stored and reported at a time
N_AUDIT_AHEAD = 64  # audit pairs whose prediction is written before anybody sees them
MOST_DISAGREEMENTS = 200
OUTCOMES = {
    Verdict.FIRST: Outcome.FIRST,
    Verdict.SECOND: Outcome.SECOND,
    Verdict.TIE: Outcome.TIE,
    Verdict.BOTH_BAD: Outcome.BOTH_BAD,
}


@dataclass
class Shelf:
    """What the desk keeps of one project: its embeddings in order of response id, and their geometry."""

    encoder_key: str
    response_N: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    embedding_ND: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float16))
    geometry: Geometry | None = None

    def fill(self, project: Project, n_responses: int) -> None:
        """Read the vectors that are not here yet; all of them where an older id has turned up late."""
        self._append(project, after=int(self.response_N[-1]) if len(self.response_N) else 0)
        if len(self.response_N) < n_responses:
            self.response_N, self.embedding_ND = np.empty(0, np.int64), np.empty((0, 0), np.float16)
            self._append(project, after=0)

    def _append(self, project: Project, *, after: int) -> None:
        rows = list(vectors(project, self.encoder_key, after=after))
        if rows:
            if len(sizes := {len(vector) for _, vector in rows}) > 1:
                raise ValueError(f"the stored vectors of {project} have different lengths: {sorted(sizes)} bytes")
            new_ND = np.frombuffer(bytearray().join(vector for _, vector in rows), "<f2").reshape(len(rows), -1)
            self.response_N = np.append(self.response_N, [response for response, _ in rows])
            self.embedding_ND = np.concatenate([self.embedding_ND, new_ND]) if len(self.embedding_ND) else new_ND


_shelves: dict[int, Shelf] = {}


class NotEmbedded(Exception):
    """Material came after the embedding; it is embedded first."""


def perform(run: Run) -> None:
    """Do a claimed run: embed what has no vector yet, or fit and publish a snapshot."""
    try:
        {Run.Kind.EMBED: embed, Run.Kind.FIT: fit}[Run.Kind(run.kind)](run)
    except NotEmbedded:
        send_back_to_embedding(run)
    except BaseException:
        _shelves.pop(run.project_id, None)  # a row that spoiled it may have been mended by the next attempt
        raise


def warm_up() -> None:
    """Load the encoder, so that the first run of a process is as quick as the others."""
    _encoder()


@cache
def _encoder() -> Encoder:
    return load_encoder(EncoderConfig())


def embed(run: Run) -> None:
    """Encode in chunks of alike length, each stored as it comes: a run that stops is taken up where it stopped.

    It stops of its own accord where other runs wait, so that one project's import does not hold up the others.
    """
    key = _encoder().config.key
    missing = list(unembedded(run.project, key).values_list("pk", "prompt__messages", "text"))
    missing.sort(key=lambda row: (len(row[2]), row[0]))
    for done in range(0, len(missing), CHUNK):
        report_progress(run, done=done, total=len(missing))
        if done and give_way(run):
            return
        chunk = missing[done : done + CHUNK]
        texts = [([(m["role"], m["content"]) for m in messages], text) for _, messages, text in chunk]
        embedding_ND = _encoder().encode(texts).astype("<f2")
        store_embeddings(
            encoder_key=key,
            vectors=((row[0], vector.tobytes()) for row, vector in zip(chunk, embedding_ND, strict=True)),
        )
    finish_run(run, covers=run.watermark)


def fit(run: Run) -> Refit:
    """Read the project as it stands now, refit the head, and publish it with its queue and disagreements.

    The result's pairs are in the order of `pair_rows`. Raises NotEmbedded.
    """
    started, project = perf_counter(), run.project
    mark, labels = _settled_labels(project)
    pairs = pair_rows(project)
    shelf = _shelf(project, mark, pairs)
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


def _shelf(project: Project, mark: Watermark, pairs: PairRows) -> Shelf:
    key = _encoder().config.key
    shelf = _shelves.get(project.pk)
    if shelf is None or shelf.encoder_key != key:
        shelf = _shelves[project.pk] = Shelf(key)
    shelf.fill(project, mark.n_responses)
    if len(shelf.response_N) < mark.n_responses or not np.isin([pairs.first, pairs.second], shelf.response_N).all():
        raise NotEmbedded
    return shelf


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
