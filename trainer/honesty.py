"""Numbers about predictions of labels that were not seen: scores, calibration, intervals, the noise ceiling."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.stats import norm
from scipy.stats import t as student

Z95 = 1.959963984540054
N_BINS = 15
MIN_GROUPS = 5  # prompts that can be told apart from luck
MAX_GROUPS = 200
EPSILON = 1e-12
ROUNDING = 1e-9  # of a variance that is 0
NO_SIDE = 1e-6  # as near to 1/2 as rounding leaves a prediction that took no side

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Score:
    """How well probabilities of "first" predicted decisive verdicts. NaN throughout where n is 0.

    nll: nats per verdict. brier: mean squared error. ece: expected calibration error over equal-mass bins.
    accuracy_interval, nll_interval: 95 %, allowing for verdicts of one group (prompt) that share their luck.
    """

    n: int
    accuracy: float
    accuracy_interval: Interval
    nll: float
    nll_interval: Interval
    brier: float
    ece: float


@dataclass(frozen=True)
class Bin:
    """One bar of a reliability diagram: what was said on average, how often it came true, and how sure that is."""

    n: int
    mean_probability: float
    frequency: float
    interval: Interval


def score(p_first: Floats, first_won: Flags, group: Integers, *, seed: int) -> Score:
    if not len(p_first):
        return Score(0, np.nan, (np.nan, np.nan), np.nan, (np.nan, np.nan), np.nan, np.nan)
    correct, losses = correctness(p_first, first_won), log_losses(p_first, first_won)
    return Score(
        n=len(p_first),
        accuracy=float(correct.mean()),
        accuracy_interval=clustered_interval(correct, group),
        nll=float(losses.mean()),
        nll_interval=bootstrap_interval(losses, group, seed=seed),
        brier=float(np.square(p_first - first_won).mean()),
        ece=calibration_error(p_first, first_won),
    )


def correctness(p_first: Floats, first_won: Flags) -> Floats:
    """Return 1 for a right call, 0 for a wrong one, 1/2 where the prediction took no side."""
    right = (p_first > 0.5) == first_won
    return np.where(np.abs(p_first - 0.5) < NO_SIDE, 0.5, right)


def log_losses(p_first: Floats, first_won: Flags) -> Floats:
    said = np.where(first_won, p_first, 1 - p_first)
    losses: Floats = -np.log(np.maximum(said, EPSILON))
    return losses


def wilson_interval(successes: float, n: float, z: float = Z95) -> Interval:
    """Return Wilson's score interval of a proportion. Wilson 1927."""
    if n == 0:
        return (0.0, 1.0)
    share, spread = successes / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * sqrt(share * (1 - share) / n + spread / (4 * n))
    return (max(centre - half, 0.0), min(centre + half, 1.0))


def clustered_interval(correct: Floats, group: Integers) -> Interval:
    """Return Wilson's interval at the effective number of values, n / design effect, where groups share their luck.

    The design effect is the variance of the mean over groups against that of independent values. It is an estimate, so
    the interval is widened as Student's t with one degree less than there are groups is wider than the normal; it may
    be below 1: cut off there, independent groups would be covered too often. Kish 1965, "Survey sampling"; Korn &
    Graubard 1998; Franco et al. 2019 compare such intervals.
    """
    n, share = len(correct), float(correct.mean())
    _, place = np.unique(group, return_inverse=True)
    excess = np.bincount(place, correct - share)
    variance = float(np.square(excess).sum()) / n**2 * len(excess) / max(len(excess) - 1, 1)
    if len(excess) < 2 or variance * n <= ROUNDING:
        return wilson_interval(share * n, n)
    effective = share * (1 - share) / variance
    return wilson_interval(share * effective, effective, float(student.ppf(0.975, len(excess) - 1)))


def reliability_bins(p_first: Floats, first_won: Flags, n_bins: int = N_BINS) -> list[Bin]:
    """Cut the predictions, sorted, into bins of equal mass."""
    order = np.argsort(p_first, kind="stable")
    parts = np.array_split(order, min(n_bins, len(order))) if len(order) else []
    return [_bin(p_first[part], first_won[part]) for part in parts]


def _bin(p_first: Floats, first_won: Flags) -> Bin:
    n, wins = len(p_first), float(first_won.sum())
    return Bin(n, float(p_first.mean()), wins / n, wilson_interval(wins, n))


def calibration_error(p_first: Floats, first_won: Flags, n_bins: int = N_BINS) -> float:
    bins = reliability_bins(p_first, first_won, n_bins)
    return sum(one.n * abs(one.mean_probability - one.frequency) for one in bins) / len(p_first)


def calibration_error_by_luck(
    p_first: Floats, *, seed: int, n_bins: int = N_BINS, n_samples: int = 200, level: float = 0.95
) -> float:
    """Return the ECE that true chances would stay below on that many labels with probability `level`.

    Verdicts are drawn from the chances themselves and scored, n_samples times. Consistency resampling, Broecker &
    Smith 2007, "Increasing the reliability of reliability diagrams".
    """
    p_B = np.sort(p_first, kind="stable")
    sizes = [len(part) for part in np.array_split(p_B, min(n_bins, len(p_B)))]
    starts = np.cumsum([0, *sizes[:-1]])
    excess_SB = (np.random.default_rng(seed).random((n_samples, len(p_B))) < p_B) - p_B
    errors_S = np.abs(np.add.reduceat(excess_SB, starts, axis=1)).sum(1) / len(p_B)
    return float(np.quantile(errors_S, level))


def luck_groups(prompt_B: Integers, pair_B: Integers) -> Integers:
    """Return the groups of labels that share their luck: prompts, or pairs where there are fewer than 5 prompts."""
    return prompt_B if len(np.unique(prompt_B)) >= MIN_GROUPS else pair_B


def bootstrap_interval(
    value_B: Floats, group_B: Integers, *, seed: int, n_samples: int = 1000, level: float = 0.95
) -> Interval:
    """Return an interval of the mean from means of whole groups (prompts) drawn anew, not of single values.

    Labels of one prompt share its luck; taking them as independent makes intervals too narrow. The percentiles are
    moved away from the mean as far as Student's t with one degree less than there are groups is wider than the normal,
    and by sqrt(n / (n - 1)), the bias of a variance of n groups: without it few groups are covered too seldom. NaN for
    one group, whose luck nobody knows. Beyond 200 groups, groups are pooled at random into 200 (random groups, Wolter
    2007), which bounds the cost. Hesterberg 2015, "What teachers should know about the bootstrap", expands
    percentile intervals so.
    """
    generator = np.random.default_rng(seed)
    groups, group = np.unique(group_B, return_inverse=True)
    n_groups = min(len(groups), MAX_GROUPS)
    if n_groups < 2:
        return (np.nan, np.nan)
    pooled = generator.permutation(np.arange(len(groups)) % n_groups)[group]
    sums, sizes = np.bincount(pooled, value_B), np.bincount(pooled)
    draws_SG = generator.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_samples)
    means = (draws_SG @ sums) / (draws_SG @ sizes)
    tails, mean = np.array([(1 - level) / 2, (1 + level) / 2]), value_B.mean()
    wider = student.ppf(tails[1], n_groups - 1) / norm.ppf(tails[1]) * sqrt(n_groups / (n_groups - 1))
    low, high = mean + wider * (np.quantile(means, tails) - mean)
    return (float(low), float(high))


def raw_agreement(pair_B: Integers, annotator_B: Integers, first_won_B: Flags) -> tuple[float, int]:
    """Return the share of agreeing label pairs over pairs that several people judged, and how many such label pairs.

    Decisive verdicts only, one per person and pair (the first).
    """
    _, place = np.unique(np.stack([pair_B, annotator_B], 1), axis=0, return_index=True)
    pairs, pair = np.unique(pair_B[place], return_inverse=True)
    n = np.bincount(pair, minlength=len(pairs))
    wins = np.bincount(pair, first_won_B[place], minlength=len(pairs))
    couples = float((n * (n - 1) / 2).sum())
    agreeing = float((wins * (wins - 1) / 2 + (n - wins) * (n - wins - 1) / 2).sum())
    return (agreeing / couples if couples else np.nan), int(couples)


def noise_ceiling(agreement: float) -> Interval:
    """Bound the accuracy that a perfect model could reach on single verdicts, from the raw agreement A of two people.

    [A, (1 + sqrt(2A - 1)) / 2]: the lower end if people differ only where a pair is a coin toss, the upper end if
    all pairs are equally hard. Two outcomes, independent people, A >= 1/2; NaN otherwise.
    """
    if not agreement >= 0.5:
        return (np.nan, np.nan)
    return (agreement, (1 + sqrt(2 * agreement - 1)) / 2)
