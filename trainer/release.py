"""Whether a head may take the place of the released one, and whether the released one must give way again.

All of it is decided on audit labels that are newer than the last release: drawn by chance, unseen by both heads.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control, kendalltau, t

from trainer.honesty import (
    MIN_GROUPS,
    bootstrap_interval,
    calibration_error,
    calibration_error_by_luck,
    correctness,
    log_losses,
)

MIN_GAIN, MORE_LABELS = -0.0025, 1.25  # with a quarter more labels a head may be this little (in nats) worse, perhaps
ACCURACY_LOSS = 0.01
MIN_SLICE, FALSE_DISCOVERIES = 30, 0.10
CALIBRATED = 0.05
SAME_RANKING = 0.8
FIRST_LOOK = 100  # fresh audit labels; the next looks are at 200, 400, 800, ...
ROUNDING = 1e-12

MOST_LOSS = 2.0  # nats by which one label may count for or against a head
MOST_STAKE = 0.5
ROLL_BACK_AT = 20.0  # by Ville's inequality a head that is no worse gets here once in twenty releases at most

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Decision = Literal["promote", "ask", "keep"]


@dataclass(frozen=True)
class Trial:
    """What the candidate and the released head said, before they saw them, of the same decisive audit labels.

    p_new_B, p_old_B: P(first | decisive); 1/2 throughout stands for no released head. group_B: prompts, or pairs where
    there are few prompts.
    """

    p_new_B: Floats
    p_old_B: Floats
    first_won_B: Flags
    group_B: Integers

    @property
    def gain_B(self) -> Floats:
        """Return by how many nats the candidate predicted each label better."""
        return log_losses(self.p_old_B, self.first_won_B) - log_losses(self.p_new_B, self.first_won_B)


@dataclass(frozen=True)
class Condition:
    """One condition of a promotion: the figure it was decided by, and the bound that the figure must keep to."""

    name: Literal["gain", "accuracy", "slices", "calibration", "ranking"]
    held: bool
    figure: float
    bound: float


@dataclass(frozen=True)
class Promotion:
    """promote, ask a person, or keep the released head; each condition; and the slices that are worse."""

    decision: Decision
    conditions: tuple[Condition, ...]
    worse: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[str, ...]:
        return tuple(condition.name for condition in self.conditions if not condition.held)


def promotion(
    trial: Trial,
    slices: dict[str, Flags],
    *,
    n_labels: tuple[int, int],
    reference_rewards: tuple[Floats, Floats],
    seed: int,
) -> Promotion:
    """Decide. slices: labels of interest by name (a tag, a source), of the trial's length.

    n_labels: that the candidate and the released head were fitted to. reference_rewards: of both, on the reference set.
    """
    if not len(trial.gain_B):
        return Promotion("keep", ())
    worse = worse_slices(trial, slices)
    conditions = (
        gains_enough(trial, *n_labels, seed=seed),
        keeps_accuracy(trial),
        Condition("slices", not worse, float(len(worse)), 0.0),
        is_calibrated(trial, seed=seed),
        keeps_ranking(*reference_rewards),
    )
    return Promotion(_decision(conditions), conditions, tuple(worse))


def _decision(conditions: tuple[Condition, ...]) -> Decision:
    failed = [condition.name for condition in conditions if not condition.held]
    if not failed:
        return "promote"
    return "ask" if failed == ["ranking"] else "keep"


def is_look(n_before: int, n_now: int) -> bool:
    """Say whether a promotion is decided at n_now fresh labels, n_before having been there at the snapshot before.

    At 100, 200, 400, ...: a head that is tried after every label is promoted by luck sooner or later.
    """
    return (n_now // FIRST_LOOK).bit_length() > (n_before // FIRST_LOOK).bit_length()


def gains_enough(trial: Trial, n_new: int, n_old: int, *, seed: int) -> Condition:
    bound, least = gain_bound(trial, seed=seed), MIN_GAIN if n_new >= MORE_LABELS * n_old else 0.0
    return Condition("gain", bound > least, bound, least)


def gain_bound(trial: Trial, *, seed: int) -> float:
    """Return the lower 95 % bound of the mean gain in nats, by a bootstrap that redraws whole groups."""
    return bootstrap_interval(trial.gain_B, trial.group_B, seed=seed, level=0.90)[0]


def keeps_accuracy(trial: Trial) -> Condition:
    gained_B = correctness(trial.p_new_B, trial.first_won_B) - correctness(trial.p_old_B, trial.first_won_B)
    gained = float(gained_B.mean())
    return Condition("accuracy", gained >= -ACCURACY_LOSS - ROUNDING, gained, -ACCURACY_LOSS)


def worse_slices(trial: Trial, slices: dict[str, Flags]) -> list[str]:
    """Name the slices of 30 labels or more where the candidate is worse, false discoveries held at 10 %.

    Benjamini & Hochberg 1995, on one-sided tests of the mean gain.
    """
    tested = [name for name, some_B in slices.items() if some_B.sum() >= MIN_SLICE]
    chances = [chance_of_loss(trial.gain_B[slices[name]], trial.group_B[slices[name]]) for name in tested]
    if not tested:
        return []
    adjusted = false_discovery_control(chances)
    return [name for name, chance in zip(tested, adjusted, strict=True) if chance <= FALSE_DISCOVERIES]


def is_calibrated(trial: Trial, *, seed: int) -> Condition:
    """ECE <= .05, or no more than a calibrated head has by luck nineteen times in twenty, or no worse than before."""
    error = calibration_error(trial.p_new_B, trial.first_won_B)
    luck = calibration_error_by_luck(trial.p_new_B, seed=seed)
    bound = max(CALIBRATED, luck, calibration_error(trial.p_old_B, trial.first_won_B))
    return Condition("calibration", error <= bound + ROUNDING, error, bound)


def keeps_ranking(reward_new_N: Floats, reward_old_N: Floats) -> Condition:
    """Say whether Kendall's tau between two heads' rewards of the reference set is at least .8."""
    tau = float(kendalltau(reward_new_N, reward_old_N).statistic)
    return Condition("ranking", tau >= SAME_RANKING - ROUNDING, tau, SAME_RANKING)


def chance_of_loss(gain_B: Floats, group_B: Integers) -> float:
    """Return the p-value of "no loss": a t-test on the groups' sums of gains, as in a survey of clusters."""
    groups, group = np.unique(group_B, return_inverse=True)
    if len(groups) < MIN_GROUPS:
        group = np.arange(len(gain_B))
    n_groups, mean = int(group.max()) + 1, gain_B.mean()
    excess = np.bincount(group, gain_B - mean)
    error = np.sqrt(np.square(excess).sum() * n_groups / (n_groups - 1)) / len(gain_B)
    if error == 0:
        return float(mean >= 0)
    return float(t.cdf(mean / error, n_groups - 1))


def must_roll_back(loss_previous_B: Floats, loss_released_B: Floats, pair_B: Integers) -> bool:
    """Say whether fresh audit labels, in the order they came, have ever proved the released head worse."""
    return bool((roll_back_evidence(loss_previous_B, loss_released_B, pair_B) >= ROLL_BACK_AT).any())


def roll_back_evidence(loss_previous_B: Floats, loss_released_B: Floats, pair_B: Integers) -> Floats:
    """Return the wealth, after each label, of a gambler who bets that the released head is worse than the one before.

    D = clip(loss of the previous - loss of the released, +-2) / 2; under the null E[D | past] >= 0 the wealth is a
    supermartingale that starts at 1. Bets on -D, the stake learnt from the past alone: clip(mean / (var + mean^2),
    0, 1/2). Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting". Only the first label
    of each pair is bet on: who knows how that came out knows on which side of 0 the mean of the pair's next D lies.
    """
    first_B = np.zeros(len(pair_B), bool)
    first_B[np.unique(pair_B, return_index=True)[1]] = True
    loss_B = -np.clip(loss_previous_B - loss_released_B, -MOST_LOSS, MOST_LOSS) / MOST_LOSS * first_B
    n_past = np.maximum(np.cumsum(first_B) - first_B, 1)
    mean_B = (np.cumsum(loss_B) - loss_B) / n_past
    square_B = (np.cumsum(loss_B**2) - loss_B**2) / n_past  # var + mean^2
    stake_B = np.clip(mean_B / np.maximum(square_B, ROUNDING), 0, MOST_STAKE)
    wealth: Floats = np.exp(np.cumsum(np.log1p(stake_B * loss_B)))
    return wealth
