"""A project's material as tensors on the device that a refit works on."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.likelihood import Intervals
from trainer.material import FitConfig, Material
from trainer.outcomes import Floats, Integers, Outcome, Scale, verdict_intervals
from trainer.problem import Problem, make_problem
from trainer.rankings import Edges, Stages, make_stages


class Verdicts(NamedTuple):
    """What people said, in the columns of `Material`."""

    outcome_B: Integers
    strength_B: Integers
    weight_B: Floats
    sure_B: Floats


@dataclass(frozen=True)
class Inputs:
    """Pairs M and labels B of a project; askable_P: the pairs that may be queued, as indices into M.

    first_E, second_E: the edges of rankings, better first, with their weights. They come after the labels in a problem:
    as `stages`, or as labels of their own in `intervals` where they are fitted as pairs.
    """

    prompt_N: Tensor
    first_M: Tensor
    second_M: Tensor
    askable_P: Tensor
    pair_B: Tensor
    first_B: Tensor
    second_B: Tensor
    prompt_B: Tensor
    tuning_B: Tensor
    weight_B: Tensor
    first_E: Tensor
    second_E: Tensor
    weight_E: Tensor
    intervals: Intervals
    stages: Stages | None
    outcomes: Scale

    def problem(self, coordinates_NK: Tensor) -> Problem:
        """Return labels and rankings together."""
        ends = torch.cat([self.first_B, self.first_E]), torch.cat([self.second_B, self.second_E])
        weight = torch.cat([self.weight_B, self.weight_E])
        return make_problem(coordinates_NK, *ends, self.intervals, weight, self.outcomes, self.stages)

    @property
    def prompts(self) -> Tensor:
        """Return the prompt of each label, then of each edge of a ranking."""
        return torch.cat([self.prompt_B, self.prompt_N[self.first_E]])

    @property
    def tuning(self) -> Tensor:
        """Say what may be tuned on: some labels, and no ranking."""
        return torch.cat([self.tuning_B, torch.zeros_like(self.first_E, dtype=torch.bool)])


def embeddings(material: Material) -> Tensor:
    """Return embedding_ND without a copy of what is mapped from a file, if torch may have it: it must be writable."""
    rows = material.embedding_ND
    return torch.from_numpy(rows if rows.flags.writeable else rows.copy())


def make_inputs(material: Material, config: FitConfig, device: torch.device) -> Inputs:
    def there(array: npt.NDArray[np.generic]) -> Tensor:
        return torch.tensor(array, device=device)  # a copy: arrays read from a database cannot be written to

    first_B, rankings = material.first_M[material.pair_B], material.rankings
    edges = rankings.edges()
    first_E, second_E = edges.ends(rankings)
    as_stages = config.rankings == "stages"
    verdicts = _verdicts(material, config) if as_stages else _verdicts_and_pairs(material, config, edges)
    lower_B, upper_B, weight_B = verdict_intervals(*verdicts[:3], Scale(config.scale))
    weight_E = rankings.weight_G[edges.ranking_E] if as_stages else weight_B[len(first_B) :]
    sure_B, lead_B = _sure(verdicts, config), _lead(verdicts, config)
    return Inputs(
        prompt_N=there(material.prompt_N),
        first_M=there(material.first_M),
        second_M=there(material.second_M),
        askable_P=there(np.flatnonzero(material.askable_M)),
        pair_B=there(material.pair_B),
        first_B=there(first_B),
        second_B=there(material.second_M[material.pair_B]),
        prompt_B=there(material.prompt_N[first_B]),
        tuning_B=there(material.tuning_B),
        weight_B=there(weight_B[: len(first_B)]),
        first_E=there(first_E),
        second_E=there(second_E),
        weight_E=there(weight_E),
        intervals=Intervals(
            there(lower_B),
            there(upper_B),
            sure_B=there(sure_B) if (sure_B < 1).any() else None,
            lead_B=there(lead_B) if lead_B.any() else None,
        ),
        stages=make_stages(rankings, edges, device) if as_stages and len(first_E) else None,
        outcomes=Scale(config.scale),
    )


def _verdicts(material: Material, config: FitConfig) -> Verdicts:
    weight_B = material.weight_B
    if config.weight_by_strength:
        weight_B = weight_B * np.maximum(np.abs(material.strength_B), 1)
    return Verdicts(material.outcome_B, material.strength_B, weight_B, material.sure_B)


def _verdicts_and_pairs(material: Material, config: FitConfig, edges: Edges) -> Verdicts:
    """Return the labels' verdicts and after them those of every two responses of a ranking, at 1 / (K - 1)."""
    rankings = material.rankings
    outcome_E = np.where(edges.equal(rankings), Outcome.TIE, Outcome.FIRST)
    weight_E = rankings.weight_G[edges.ranking_E] / (rankings.size_G[edges.ranking_E] - 1)
    pairs = Verdicts(outcome_E, np.zeros_like(outcome_E), weight_E, np.ones(len(outcome_E)))
    both = zip(_verdicts(material, config), pairs, strict=True)
    return Verdicts(*(np.concatenate(columns) for columns in both))


def _sure(verdicts: Verdicts, config: FitConfig) -> Floats:
    return config.smoothing + (1 - 2 * config.smoothing) * verdicts.sure_B


def _lead(verdicts: Verdicts, config: FitConfig) -> Floats:
    sign_B = np.select([verdicts.outcome_B == Outcome.FIRST, verdicts.outcome_B == Outcome.SECOND], [1, -1], 0)
    return config.lead_per_point * sign_B * np.abs(verdicts.strength_B)
