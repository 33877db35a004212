"""A project's material as tensors on the device that a refit works on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.likelihood import Intervals
from trainer.material import FitConfig, Material
from trainer.outcomes import Scale, verdict_intervals
from trainer.problem import Problem, make_problem


@dataclass(frozen=True)
class Inputs:
    """Pairs M and labels B of a project; askable_P: the pairs that may be queued, as indices into M."""

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
    intervals: Intervals
    outcomes: Scale

    def problem(self, coordinates_NK: Tensor) -> Problem:
        ends = self.first_B, self.second_B
        return make_problem(coordinates_NK, *ends, self.intervals, self.weight_B, self.outcomes)


def make_inputs(material: Material, config: FitConfig, device: torch.device) -> Inputs:
    def there(array: npt.NDArray[np.generic]) -> Tensor:
        return torch.tensor(array, device=device)  # a copy: arrays read from a database cannot be written to

    outcomes = Scale(config.scale)
    lower_B, upper_B, weight_B = verdict_intervals(material.outcome_B, material.strength_B, material.weight_B, outcomes)
    first_B = material.first_M[material.pair_B]
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
        weight_B=there(weight_B),
        intervals=Intervals(there(lower_B), there(upper_B)),
        outcomes=outcomes,
    )
