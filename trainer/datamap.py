"""Data maps: how the heads of a project's history saw each label, from their stored weights alone.

Swayamdipta et al. 2020, "Dataset Cartography", with snapshots in the place of epochs.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

ROWS = 8192  # responses rescored at a time

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DataMap:
    """Of each label the mean and the standard deviation, over heads, of the probability they gave to it.

    High confidence: easy. High variability: the heads changed their minds. Low in both: hard, or wrong.
    """

    confidence_B: Floats
    variability_B: Floats


def rewards_of_all(embedding_ND: npt.NDArray[np.floating], weights_KD: npt.NDArray[np.floating]) -> Floats:
    """Return reward_NK of N responses under K heads: R = E [w_1 ... w_K], one product in fp32."""
    weights_DK = np.ascontiguousarray(weights_KD.T, np.float32)
    starts = range(0, len(embedding_ND), ROWS)
    parts = [np.asarray(embedding_ND[start : start + ROWS], np.float32) @ weights_DK for start in starts]
    return np.concatenate(parts).astype(np.float64) if parts else np.empty((0, len(weights_KD)))


def data_map(
    reward_NK: Floats, sharpness_K: Floats, first_B: Indices, second_B: Indices, verdict_B: Indices
) -> DataMap:
    """Map the decisive labels. sharpness_K: what each head's margins are multiplied by (docs/model.md).

    verdict_B: +1 first, -1 second; 0 gives NaN. p is that of two outcomes: ties are left out on both sides.
    """
    margin_BK = (reward_NK[first_B] - reward_NK[second_B]) * sharpness_K
    p_BK = np.where(verdict_B[:, None] != 0, expit(verdict_B[:, None] * margin_BK), np.nan)
    return DataMap(p_BK.mean(1), p_BK.std(1))
