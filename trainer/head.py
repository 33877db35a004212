"""The reward head as it is stored and used: weights on embeddings, cut points, and the numbers to read them by."""

import json
from dataclasses import asdict, dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import load, save

from trainer.likelihood import decisive_probability, tie_edge
from trainer.outcomes import ScaleName

ROWS = 8192
ROUNDING = 1e-9  # a spread of rewards below this is no spread

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Head:
    """reward(x) = E(x) . weights + bias, in logits; only differences of rewards mean anything.

    bias: makes the mean reward of the project's responses 0. display_scale: multiplies rewards on screens, so that
    their standard deviation is 1. cuts: cut points of ties and strength, in logits; (0,) for two outcomes.
    tuned_at: the number of labels at which prior_precision was chosen. temperature: multiplies margins and cuts.
    """

    weights_D: npt.NDArray[np.float32]
    bias: float
    cuts: tuple[float, ...]
    display_scale: float
    prior_precision: float
    tuned_at: int
    temperature: float
    scale: ScaleName
    encoder_key: str
    geometry: str

    def to_bytes(self) -> bytes:
        """Return safetensors bytes: the weights, and every other field as JSON under one metadata key.

        One key, because safetensors does not keep several in order and equal heads must give equal bytes.
        """
        fields = {name: value for name, value in asdict(self).items() if name != "weights_D"}
        metadata = {"head": json.dumps(fields, sort_keys=True)}
        return save({"weights": np.ascontiguousarray(self.weights_D, np.float32)}, metadata)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Head":
        header_size = int.from_bytes(content[:8], "little")
        fields = json.loads(json.loads(content[8 : 8 + header_size])["__metadata__"]["head"])
        fields["cuts"] = tuple(fields["cuts"])
        return cls(weights_D=load(content)["weights"], **fields)


def rewards(head: Head, embedding_ND: npt.NDArray[np.floating]) -> Floats:
    """Return reward_N in logits, computed in fp64 a few thousand rows at a time."""
    weights_D = head.weights_D.astype(np.float64)
    starts = range(0, len(embedding_ND), ROWS)
    parts = [embedding_ND[start : start + ROWS].astype(np.float64) @ weights_D for start in starts]
    return np.concatenate(parts) + head.bias if parts else np.empty(0)


class Readings(TypedDict):
    """How rewards are shown."""

    bias: float
    display_scale: float


def readings(reward_N: Floats) -> Readings:
    """Return the bias that makes rewards average to 0, and the scale that gives them unit spread on screens."""
    if not len(reward_N):
        return {"bias": 0.0, "display_scale": 1.0}
    spread = float(reward_N.std())
    return {"bias": -float(reward_N.mean()), "display_scale": 1 / spread if spread > ROUNDING else 1.0}


def probability(head: Head, embedding_ND: npt.NDArray[np.floating], first_M: Indices, second_M: Indices) -> Floats:
    """Return P(first preferred | the verdict is decisive) of each pair, at the head's best weights.

    Not moderated: a head alone does not know its own uncertainty. `refit` returns moderated probabilities.
    """
    reward_N = rewards(head, embedding_ND)
    margin_M = torch.from_numpy(reward_N[first_M] - reward_N[second_M])
    edge = tie_edge(torch.tensor(head.cuts, dtype=torch.float64))
    answer: Floats = decisive_probability(head.temperature * margin_M, head.temperature * edge).numpy()
    return answer
