"""What a refit is made from: a project's responses, pairs and labels as arrays, and how to fit them."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields

import numpy as np
import numpy.typing as npt

from trainer.acquire import STRATEGIES, Strategy
from trainer.outcomes import STEPS, ScaleName

Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FitConfig:
    """How a project's head is fitted. prior_precision: fixes lambda; None lets the rule of docs/model.md choose."""

    scale: ScaleName = "binary"
    strategy: Strategy = "vopt"
    n_queue: int = 64
    rank: int = 512
    prior_precision: float | None = None

    def __post_init__(self) -> None:
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
    p_first_shown_B: what the live snapshot predicted when an audit pair was shown; NaN for every other label.
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

    def __post_init__(self) -> None:
        for field in fields(self):
            length = {"N": len(self.prompt_N), "D": len(self.prompt_N), "M": len(self.first_M), "B": len(self.pair_B)}
            if field.name != "encoder_key" and len(getattr(self, field.name)) != length[field.name[-1]]:
                raise ValueError(f"{field.name} has {len(getattr(self, field.name))} rows")

    @property
    def pairs_digest(self) -> str:
        parts = (np.array([len(self.prompt_N)]), self.first_M, self.second_M)
        return hashlib.sha256(b"".join(part.astype("<i8").tobytes() for part in parts)).hexdigest()

    @property
    def labels_digest(self) -> str:
        """Name the set of labels, whatever order they came in."""
        columns = [self.first_M[self.pair_B], self.second_M[self.pair_B], self.outcome_B, self.strength_B]
        table = np.column_stack([*columns, self.annotator_B, self.weight_B, self.tuning_B]).astype("<f8")
        ordered = table[np.lexsort(table.T)] if len(table) else table
        return hashlib.sha256(ordered.tobytes()).hexdigest()
