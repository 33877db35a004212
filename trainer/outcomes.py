"""Verdicts as numbers: outcome codes, the scales a project may offer, and the interval each verdict means."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Outcome(IntEnum):
    FIRST = 0
    SECOND = 1
    TIE = 2
    BOTH_BAD = 3


ScaleName = Literal["binary", "ties", "strength5", "strength7"]
STEPS: dict[ScaleName, int] = {"binary": 0, "ties": 1, "strength5": 2, "strength7": 3}


@dataclass(frozen=True)
class Scale:
    """The outcomes a project offers. n_steps: free positive cut points (0 binary, 1 ties, 2 or 3 strength)."""

    name: ScaleName = "binary"

    @property
    def n_steps(self) -> int:
        return STEPS[self.name]

    @property
    def n_cuts(self) -> int:
        return max(2 * self.n_steps, 1)


def verdicts(outcome_B: Integers) -> Integers:
    """Return +1 where first was preferred, -1 where second was, 0 where neither."""
    return np.select([outcome_B == Outcome.FIRST, outcome_B == Outcome.SECOND], [1, -1], 0).astype(np.int64)


def verdict_intervals(
    outcome_B: Integers, strength_B: Integers, weight_B: Floats, scale: Scale
) -> tuple[Integers, Integers, Floats]:
    """Return (lower_B, upper_B, weight_B): the rungs of the ladder -inf, cuts, +inf between which a verdict lies.

    strength_B runs from -steps to +steps, +steps meaning first much better; 0 with a decisive outcome means that
    no strength was given, and the verdict reaches to infinity. Both-bad weighs nothing, nor does a tie where the
    project offers none (docs/model.md says why).
    """
    sign = verdicts(outcome_B)
    steps = np.clip(np.abs(strength_B), 0, scale.n_steps)
    nearest = np.maximum(steps, 1) + scale.n_steps if scale.n_steps else np.ones_like(outcome_B)
    furthest = np.where(steps > 0, nearest + 1, scale.n_cuts + 1)
    mirror = scale.n_cuts + 1
    lower = np.select([sign > 0, sign < 0], [nearest, mirror - furthest], scale.n_steps)
    upper = np.select([sign > 0, sign < 0], [furthest, mirror - nearest], scale.n_steps + 1)
    counted = (sign != 0) | ((outcome_B == Outcome.TIE) & (scale.n_steps > 0))
    return lower.astype(np.int64), upper.astype(np.int64), np.where(counted, weight_B, 0.0)
