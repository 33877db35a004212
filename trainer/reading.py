"""What a run reads of its project: rows in, a material in arrays out. Ids of rows become places in arrays here."""

from dataclasses import dataclass
from typing import cast

import numpy as np

from annotate.models import Outcome as Verdict
from annotate.models import Project, Stream
from annotate.selectors.training_rows import LabelRows, PairRows, label_rows, pair_rows
from annotate.selectors.watermark import Watermark, watermark
from trainer.acquire import Strategy
from trainer.material import FitConfig, Material
from trainer.outcomes import Outcome, ScaleName
from trainer.shelf import Shelf, shelf_of

OUTCOMES = {
    Verdict.FIRST: Outcome.FIRST,
    Verdict.SECOND: Outcome.SECOND,
    Verdict.TIE: Outcome.TIE,
    Verdict.BOTH_BAD: Outcome.BOTH_BAD,
}


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
    return Reading(mark, labels, pairs, shelf, make_material(shelf, labels, pairs), fit_config_of(project))


def fit_config_of(project: Project) -> FitConfig:
    return FitConfig(scale=cast(ScaleName, project.outcomes), strategy=cast(Strategy, project.strategy))


def _settled_labels(project: Project) -> tuple[Watermark, LabelRows]:
    """Read a watermark and exactly the labels it covers."""
    while True:
        mark = watermark(project)
        if (labels := label_rows(project, mark)) is not None:
            return mark, labels


def make_material(shelf: Shelf, labels: LabelRows, pairs: PairRows) -> Material:
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
