"""How often simulated heads are promoted and rolled back: with nothing changed, with a gain, with a drift.

Heads are told apart by how far their margins are off: people's margins have a standard deviation of 1.5 logits, the
released head errs by .5 logits. Half of the variance of each belongs to the prompt, so labels of a prompt share luck.
Once in twenty releases is the most that an unchanged head may be rolled back.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from benchmarks.measure import report
from trainer.honesty import calibration_error, log_losses, wilson_interval
from trainer.release import (
    MIN_GAIN,
    ROLL_BACK_AT,
    Promotion,
    Trial,
    is_look,
    promotion,
    roll_back_evidence,
)

N_RUNS, LABELS_PER_PROMPT = 500, 5
N_LABELS = (500, 1000)  # the first holds the looks at 100, 200 and 400, the second that at 800 too
ERROR = 0.5
CHANGES = (-0.5, 0.0, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5)  # of that error, in logits
LABELS_A_PAIR = (1, 2, 5, 10)

Floats = npt.NDArray[np.float64]


def trial(error_new: float, n: int, seed: int) -> Trial:
    """Return audit labels predicted by two heads that are off by so much and by ERROR, each in its own way."""
    rng = np.random.default_rng(seed)
    prompt = np.arange(n) // LABELS_PER_PROMPT
    margin, off_new, off_old = (rng.standard_normal((3, n)) + rng.standard_normal((3, n))[:, prompt]) / np.sqrt(2)
    new, old = 1.5 * margin + error_new * off_new, 1.5 * margin + ERROR * off_old
    return Trial(expit(new), expit(old), rng.random(n) < expit(1.5 * margin), prompt)


def decided(one: Trial, n: int) -> Promotion:
    """Decide by the first n labels, the candidate having few more labels than the released head."""
    rewards, first = np.arange(256.0), Trial(*(column[:n] for column in vars(one).values()))
    return promotion(first, {}, n_labels=(500, 450), reference_rewards=(rewards, rewards), seed=0)


def is_promoted(decision: Promotion, *, more_labels: bool) -> bool:
    """Say whether all holds; more_labels: with a quarter more of them a head may be a hair worse."""
    gain = next(condition for condition in decision.conditions if condition.name == "gain")
    return set(decision.failed) <= {"gain"} and gain.figure > (MIN_GAIN if more_labels else 0)


def rolled_back_after(one: Trial, pair: npt.NDArray[np.int64]) -> int | None:
    """Return after how many labels the candidate, once released, gives way again."""
    loss_old, loss_new = (log_losses(p, one.first_won_B) for p in (one.p_old_B, one.p_new_B))
    proved_B = roll_back_evidence(loss_old, loss_new, pair) >= ROLL_BACK_AT
    return int(proved_B.argmax()) + 1 if proved_B.any() else None


def figures(change: float, n: int) -> dict[str, object]:
    trials = [trial(ERROR + change, n, seed) for seed in range(N_RUNS)]
    looks = [at for at in range(1, n + 1) if is_look(at - 1, at)]
    after = [last for one in trials if (last := rolled_back_after(one, np.arange(n)))]
    at_the_end = [decided(one, n) for one in trials]
    at_looks = [[decided(one, at) for at in looks] for one in trials]
    promoted = {
        name: {
            "at_the_end": _share(is_promoted(one, more_labels=more) for one in at_the_end),
            "at_some_look": _share(any(is_promoted(one, more_labels=more) for one in few) for few in at_looks),
        }
        for name, more in (("few_more_labels", False), ("a_quarter_more", True))
    }
    return {
        "nll_gain": float(np.mean([one.gain_B.mean() for one in trials])),
        "calibration_error": float(np.mean([calibration_error(one.p_new_B, one.first_won_B) for one in trials])),
        "promoted": promoted,
        "kept_for_calibration_alone": _share(one.failed == ("calibration",) for one in at_the_end),
        "rolled_back": len(after) / N_RUNS,
        "rolled_back_interval": wilson_interval(len(after), N_RUNS),
        "median_labels_until": float(np.median(after)) if after else None,
    }


def _share(held: Iterable[bool]) -> float:
    return float(np.mean(list(held)))


def falsely_rolled_back(per_pair: int, n: int = 1000, error: float = 2.0) -> dict[str, float]:
    """Return how often a head that is as far off as the one before gives way, when pairs are judged so often.

    If the first label of each pair is bet on, as it is, and if all were.
    """
    pair, after = np.repeat(np.arange(n // per_pair), per_pair), []
    for seed in range(N_RUNS):
        rng = np.random.default_rng(seed)
        margin = 1.5 * rng.standard_normal(n)[pair]
        new, old = margin + error * rng.standard_normal((2, n))[:, pair]
        one = Trial(expit(new), expit(old), rng.random(n) < expit(margin), pair)
        after.append([rolled_back_after(one, bets) is not None for bets in (pair, np.arange(n))])
    first, every = np.mean(after, 0)
    return {"first": float(first), "all": float(every)}


if __name__ == "__main__":
    by_labels = {n: {f"{change:+}": figures(change, n) for change in CHANGES} for n in N_LABELS}
    several = {per_pair: falsely_rolled_back(per_pair) for per_pair in LABELS_A_PAIR}
    report(
        "release",
        {"runs": N_RUNS, "by_labels_and_change_of_error": by_labels, "falsely_rolled_back_by_labels_a_pair": several},
    )
