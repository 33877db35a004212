"""What a refit is made from: a project's responses, pairs and labels as arrays, and how to fit them."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from typing import Literal

import numpy as np
import numpy.typing as npt

from trainer.acquire import STRATEGIES, Strategy
from trainer.outcomes import STEPS, ScaleName
from trainer.rankings import Rankings

Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FitConfig:
    """How a project's head is fitted. prior_precision: fixes lambda; None lets the rule of docs/model.md choose.

    smoothing: the chance, 0 to 1/2, that a verdict is taken for its opposite. For scales without strength, given
    strengths can still count: lead_per_point asks the winner to lead by so many logits for each point of strength
    (TRL's `margin`), weight_by_strength multiplies a label's weight by its points (HelpSteer2-Preference).
    rankings: fitted as Plackett-Luce stages, or as pairs of weight 1 / (K - 1).
    """

    scale: ScaleName = "binary"
    strategy: Strategy = "vopt"
    n_queue: int = 64
    rank: int = 512
    prior_precision: float | None = None
    smoothing: float = 0.0
    lead_per_point: float = 0.0
    weight_by_strength: bool = False
    rankings: Literal["stages", "pairs"] = "stages"

    def __post_init__(self) -> None:
        if not 0 <= self.smoothing < 0.5:
            raise ValueError(f"smoothing is {self.smoothing}; a verdict must stay likelier than its opposite (0 to .5)")
        if (self.lead_per_point or self.weight_by_strength) and STEPS.get(self.scale, 0) > 1:
            raise ValueError(f"The scale {self.scale} already counts strength; use binary or ties")
        if self.scale not in STEPS or self.strategy not in STRATEGIES:
            raise ValueError(f"Unknown scale or strategy: {self.scale}, {self.strategy}")

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Material:
    """A project at one moment. Every array of an axis has its length; indices count from 0.

    encoder_key: names the embeddings; material of another key shares nothing with this.
    embedding_ND: fp16, one row per response, all of one encoder key.   prompt_N: the prompt of each response.
    first_M, second_M: every pair of the project, as indices into N.    askable_M: may be queued now (open, not audit).
    pair_B: the pair of each label, as an index into M.                 outcome_B: codes of `Outcome`.
    strength_B: -3..3, +3 = first much better, 0 where none was given.  annotator_B: any number per person.
    weight_B: usually 1.            tuning_B: the label's pair was not chosen by a model (audit, imported at random).
    p_first_shown_B: what the live snapshot predicted when an audit pair was shown to the first person who judged it;
    NaN for every other label.
    sure_B: how sure the verdict is, 0 to 1; the rest speaks for its opposite (a soft label). Empty: all are sure.
    rankings: orders of several responses of a prompt, which train the head but are neither scored nor queued.
    """

    encoder_key: str
    embedding_ND: npt.NDArray[np.float16]
    prompt_N: Indices
    first_M: Indices
    second_M: Indices
    askable_M: Flags
    pair_B: Indices
    outcome_B: Indices
    strength_B: Indices
    annotator_B: Indices
    weight_B: Floats
    tuning_B: Flags
    p_first_shown_B: Floats
    sure_B: Floats = field(default_factory=lambda: np.empty(0))
    rankings: Rankings = field(default_factory=Rankings.none)

    def __post_init__(self) -> None:
        if not len(self.sure_B):
            object.__setattr__(self, "sure_B", np.ones(len(self.pair_B)))
        n = {"N": len(self.prompt_N), "D": len(self.prompt_N), "M": len(self.first_M), "B": len(self.pair_B)}
        for column in (part for part in fields(self) if part.name[-2] == "_"):
            if len(getattr(self, column.name)) != n[column.name[-1]]:
                raise ValueError(
                    f"{column.name} has {len(getattr(self, column.name))} rows where {n[column.name[-1]]} belong"
                )

    @property
    def prompt_B(self) -> Indices:
        """Return the prompt of each label."""
        return self.prompt_N[self.first_M[self.pair_B]]

    @property
    def pairs_digest(self) -> str:
        parts = (np.array([len(self.prompt_N)]), self.first_M, self.second_M)
        return hashlib.sha256(b"".join(part.astype("<i8").tobytes() for part in parts)).hexdigest()

    @property
    def labels_digest(self) -> str:
        """Name the set of labels, whatever order they came in."""
        columns = [self.first_M[self.pair_B], self.second_M[self.pair_B], self.outcome_B, self.strength_B]
        table = np.column_stack([*columns, self.annotator_B, self.weight_B, self.tuning_B, self.sure_B])
        ranked = self.rankings
        ranking_table = np.column_stack([ranked.response_GJ, ranked.level_GJ, ranked.weight_G])
        return hashlib.sha256(_in_order(table) + _in_order(ranking_table)).hexdigest()


def _in_order(table: npt.NDArray[np.generic]) -> bytes:
    """Return the rows' bytes, sorted."""
    wide = np.ascontiguousarray(table, "<f8")
    rows = wide.view(np.dtype((np.void, wide.shape[1] * wide.itemsize)))[:, 0]
    return np.sort(rows).tobytes()
