"""Learning curves: what several runs of a strategy say together, and how many labels one needs to equal another."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, inf, log, sqrt

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression
from scipy.stats import t as student

from trainer.honesty import Interval

ROUNDING = 1e-9  # of a level that was read off a curve

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """Runs S of one strategy that were scored at the same numbers of labels P.

    labels_P: increasing. value_SP: a score, of which more is better (so the negative of a loss).
    """

    labels_P: Floats
    value_SP: Floats

    def needed(self, level: float) -> float:
        """Return after how many labels the mean of the runs is first as good as `level`; infinity if it never is.

        The mean is made to rise by isotonic regression (least squares; Barlow et al. 1972) and read on straight lines.
        """
        rising_P = self._rising()
        if level <= rising_P[0] + ROUNDING:
            return float(self.labels_P[0])
        after = int(np.searchsorted(rising_P, level - ROUNDING))
        if after == len(rising_P):
            return inf
        part = (level - rising_P[after - 1]) / (rising_P[after] - rising_P[after - 1])
        return float(self.labels_P[after - 1] + part * (self.labels_P[after] - self.labels_P[after - 1]))

    def level(self, n_labels: float) -> float:
        """Return how good the rising mean of the runs is after so many labels."""
        return float(np.interp(n_labels, self.labels_P, self._rising()))

    def at(self, n_labels: float) -> Floats:
        """Return each run's score after exactly so many labels, one of labels_P."""
        return self.value_SP[:, int(np.flatnonzero(self.labels_P == n_labels)[0])]

    def without(self, run: int) -> "Curves":
        return Curves(self.labels_P, np.delete(self.value_SP, run, axis=0))

    def _rising(self) -> Floats:
        rising_P: Floats = isotonic_regression(self.value_SP.mean(0)).x
        return rising_P


@dataclass(frozen=True)
class Needed:
    """Labels needed to equal a baseline, as a share of those that the baseline first needed itself.

    level: what the baseline reaches at `target` labels. ratio: infinity where it was never reached.
    interval: 95 %, over runs; None for a single run or where some runs never reach the level.
    """

    target: int
    level: float
    labels: float
    ratio: float
    interval: Interval | None


def labels_needed(curves: Curves, baseline: Curves, target: int) -> Needed:
    """Compare with what the baseline reaches at `target` labels. Run s of both must share their luck (the seed).

    The interval is Student's around the jackknife over runs of the log of the ratio (Quenouille 1956; Tukey 1958).
    """
    ratio = _ratio(curves, baseline, target)
    level = baseline.level(target)
    n_runs = len(curves.value_SP)
    without = [_ratio(curves.without(run), baseline.without(run), target) for run in range(n_runs) if n_runs > 1]
    interval = _jackknifed(ratio, without) if without and max(*without, ratio) < inf and min(*without) > 0 else None
    return Needed(target, level, curves.needed(level), ratio, interval)


def mean_interval(values: Iterable[float]) -> tuple[float, Interval | None]:
    """Return the mean of one number per run and Student's 95 % interval of it, None for a single run."""
    value_S = np.array(list(values))
    mean, n = float(value_S.mean()), len(value_S)
    return mean, _around(mean, float(value_S.std(ddof=1)) / sqrt(n), n) if n > 1 else None


def _ratio(curves: Curves, baseline: Curves, target: int) -> float:
    level = baseline.level(target)
    return curves.needed(level) / baseline.needed(level)


def _jackknifed(ratio: float, without: list[float]) -> Interval:
    log_S, n = np.log(without), len(without)
    deviation = sqrt((n - 1) / n * float(np.square(log_S - log_S.mean()).sum()))
    low, high = _around(log(ratio), deviation, n)
    return exp(low), exp(high)


def _around(centre: float, deviation: float, n: int) -> Interval:
    half = float(student.ppf(0.975, n - 1)) * deviation
    return centre - half, centre + half
