"""An interval that may be read after every label: it holds at all of them at once, nineteen times in twenty."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from trainer.honesty import Interval

BETS = np.geomspace(0.02, 0.8, 8)  # lambda: one of them is near the best from some ten labels to a hundred thousand

Floats = npt.NDArray[np.float64]


def anytime_interval(value_B: Floats, *, level: float = 0.95) -> Interval:
    """Return an interval of the running mean of E[value | what came before], valid at every length at once.

    value_B: numbers from 0 to 1 in the order they came, for example 1 for each right call. The chance of a right call
    may change from label to label, as it does while the head that makes the calls is learning; the interval is of the
    mean chance so far. Prompts that share their luck are no trouble, because the chance is given the past.

    exp(lambda S - psi(lambda) V) is a supermartingale for each lambda in (0, 1), with S the sum of value - chance,
    V that of (value - guess)^2, guess the mean before, psi(lambda) = -log(1 - lambda) - lambda. So is their mean over
    a few lambdas, and Ville's inequality bounds its maximum over time. Howard, Ramdas, McAuliffe & Sekhon 2021,
    "Time-uniform, nonparametric, nonasymptotic confidence sequences", theorem 4; Waudby-Smith & Ramdas 2024.
    """
    n = len(value_B)
    if not n:
        return (0.0, 1.0)
    before_B = (0.5 + np.cumsum(value_B) - value_B) / np.arange(1, n + 1)
    half = _boundary(float(np.square(value_B - before_B).sum()), 1 - level) / n
    mean = float(value_B.mean())
    return (max(mean - half, 0.0), min(mean + half, 1.0))


def _boundary(variance: float, miss: float) -> float:
    """Return the S at which the mean of the supermartingales reaches 2 / miss: each side has half the error."""

    def evidence(total: float) -> float:
        exponent = BETS * total + (np.log1p(-BETS) + BETS) * variance
        return float(np.logaddexp.reduce(exponent) - np.log(len(BETS)) - np.log(2 / miss))

    furthest = (np.log(2 * len(BETS) / miss) - (np.log1p(-BETS) + BETS) * variance) / BETS
    return float(brentq(evidence, 0, furthest.min()))
