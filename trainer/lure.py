"""An unbiased mean over a pool from labels that a model chose, where each choice was a draw of known probability."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def lure(value_B: Floats, propensity_B: Floats, n_pool: int) -> float:
    """Return the LURE estimate of the mean of `value` over all n_pool pairs. Farquhar, Gal & Rainforth 2021.

    In the order of the draws, without replacement. propensity_B: the probability of each draw among the pairs left
    at that time (`gumbel` and `random` store it). Every pair left must have had a chance. Refills of the queue may
    come between draws; pairs that were skipped or served out of turn make the propensities false.
    """
    drawn = len(value_B)
    left_B = n_pool - np.arange(drawn)  # pairs there were to draw from
    # The last pair of the pool was certain; its weight is 1 whatever stands beside it.
    share_B = (n_pool - drawn) / np.maximum(left_B - 1, 1)
    weight_B = 1 + share_B * (1 / (left_B * propensity_B) - 1)
    return float((weight_B * value_B).mean())
