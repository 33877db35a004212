"""What a run reads of its project: rows in, a material in arrays out. Ids of rows become places in arrays here."""

from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np

from annotate.models import Outcome as Verdict
from annotate.models import Project, Stream
from annotate.selectors.training_rows import LabelRows, PairRows, label_rows, pair_rows, ranked_tiers
from annotate.selectors.watermark import Watermark, watermark
from trainer.acquire import Strategy
from trainer.material import FitConfig, Material
from trainer.outcomes import Outcome, ScaleName
from trainer.rankings import Rankings
from trainer.shelf import Shelf, shelf_of

OUTCOMES = {
    Verdict.FIRST: Outcome.FIRST,
    Verdict.SECOND: Outcome.SECOND,
    Verdict.TIE: Outcome.TIE,
    Verdict.BOTH_BAD: Outcome.BOTH_BAD,
}


class Vectors(NamedTuple):
    """Embeddings of one encoder key, in order of response id."""

    encoder_key: str
    response_N: np.ndarray
    embedding_ND: np.ndarray


@dataclass(frozen=True)
class Reading:
    """A project as it stood at a watermark: its rows, and the same as arrays. Pairs are in the order of `pairs`."""

    mark: Watermark
    labels: LabelRows
    pairs: PairRows
    shelf: Shelf
    material: Material
    config: FitConfig


def read_project(project: Project) -> Reading:
    """Read the project as it stands now. Raises NotEmbedded."""
    mark, labels = _settled_labels(project)
    pairs = pair_rows(project)
    shelf = shelf_of(project, mark, pairs)
    vectors = Vectors(shelf.encoder_key, shelf.response_N, shelf.embedding_ND)
    return Reading(mark, labels, pairs, shelf, make_material(vectors, labels, pairs), fit_config_of(project))


def fit_config_of(project: Project) -> FitConfig:
    return FitConfig(scale=cast(ScaleName, project.fit_scale), strategy=cast(Strategy, project.strategy))


def _settled_labels(project: Project) -> tuple[Watermark, LabelRows]:
    """Read a watermark and exactly the labels it covers."""
    while True:
        mark = watermark(project)
        if (labels := label_rows(project, mark)) is not None:
            return mark, labels


def make_material(vectors: Vectors, labels: LabelRows, pairs: PairRows) -> Material:
    """Turn ids of rows into places in arrays."""
    audit_B = labels.stream == Stream.AUDIT
    _, prompt_N = np.unique(_prompt_of_responses(vectors.response_N, pairs), return_inverse=True)
    place_of_pair = np.argsort(pairs.pair)
    return Material(
        encoder_key=vectors.encoder_key,
        embedding_ND=vectors.embedding_ND,
        prompt_N=prompt_N,
        first_M=np.searchsorted(vectors.response_N, pairs.first),
        second_M=np.searchsorted(vectors.response_N, pairs.second),
        askable_M=pairs.assignable & ~pairs.audit,
        pair_B=place_of_pair[np.searchsorted(pairs.pair, labels.pair, sorter=place_of_pair)],
        outcome_B=np.array([OUTCOMES[outcome] for outcome in labels.outcome], np.int64),
        strength_B=labels.strength,
        annotator_B=labels.annotator,
        weight_B=np.where(labels.ranking > 0, 0.0, 1.0),  # the pairs of a ranking are fitted as its stages
        tuning_B=audit_B | (labels.stream == Stream.IMPORT),
        p_first_shown_B=np.where(audit_B & labels.first_verdict & ~labels.surplus, labels.p_first, np.nan),
        rankings=rankings_of(vectors.response_N, ranked_tiers(labels)),
    )


def rankings_of(response_N: np.ndarray, ranked: list[list[list[int]]]) -> Rankings:
    """Turn tiers of response ids, best first, into places in the array of responses."""
    if not ranked:
        return Rankings.none()
    orders = [[(response, level) for level, tier in enumerate(tiers) for response in tier] for tiers in ranked]
    width = max(len(order) for order in orders)
    id_GJ = np.array([[one for one, _ in order] + [-1] * (width - len(order)) for order in orders])
    level_GJ = np.array([[level for _, level in order] + [width] * (width - len(order)) for order in orders])
    response_GJ = np.where(id_GJ < 0, -1, np.searchsorted(response_N, id_GJ))
    return Rankings(response_GJ, level_GJ, np.ones(len(orders)))


def _prompt_of_responses(response_N: np.ndarray, pairs: PairRows) -> np.ndarray:
    """Return each response's prompt id; responses in no pair share none (their own negative id)."""
    prompt_N = -response_N
    for side in (pairs.first, pairs.second):
        prompt_N[np.searchsorted(response_N, side)] = pairs.prompt
    return prompt_N
