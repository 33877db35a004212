"""How often simulated heads are promoted and rolled back: with nothing changed, with a gain, with a drift.

Heads are told apart by how far their margins are off: people's margins have a standard deviation of 1.5 logits, the
released head errs by .5 logits. Once in twenty releases is the most that an unchanged head may be rolled back.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from benchmarks.measure import report
from trainer.honesty import calibration_error, wilson_interval
from trainer.release import Promotion, Trial, is_look, must_roll_back, promotion, roll_back_evidence

N_RUNS, LABELS_PER_PROMPT = 500, 5
N_LABELS = (500, 1000)  # the first holds the looks at 100, 200 and 400, the second that at 800 too
ERROR = 0.5
CHANGES = (-0.5, 0.0, 0.25, 0.5, 1.0, 1.5)  # of that error, in logits

Floats = npt.NDArray[np.float64]


def trial(error_new: float, n: int, seed: int) -> Trial:
    """Return audit labels predicted by two heads that are off by so much and by ERROR, each in its own way."""
    rng = np.random.default_rng(seed)
    margin = 1.5 * rng.standard_normal(n)
    new, old = margin + np.array([[error_new], [ERROR]]) * rng.standard_normal((2, n))
    prompt = np.arange(n) // LABELS_PER_PROMPT
    return Trial(expit(new), expit(old), rng.random(n) < expit(margin), prompt)


def decided(one: Trial) -> Promotion:
    rewards = np.arange(256.0)
    return promotion(one, {}, n_labels=(500, 450), reference_rewards=(rewards, rewards), seed=0)


def promoted_at(one: Trial, n: int) -> bool:
    """Say whether the first n labels promote the candidate."""
    return decided(Trial(*(column[:n] for column in vars(one).values()))).decision == "promote"


def rolled_back_after(one: Trial) -> int | None:
    """Return after how many labels the candidate, once released, gives way again."""
    losses = -np.log(np.where(one.first_won_B, [one.p_old_B, one.p_new_B], [1 - one.p_old_B, 1 - one.p_new_B]))
    if not must_roll_back(*losses):
        return None
    return int((roll_back_evidence(*losses) >= 20).argmax()) + 1


def figures(change: float, n: int) -> dict[str, object]:
    trials = [trial(ERROR + change, n, seed) for seed in range(N_RUNS)]
    looks = [at for at in range(1, n + 1) if is_look(at - 1, at)]
    after = [n for n in map(rolled_back_after, trials) if n is not None]
    decisions = [decided(one) for one in trials]
    return {
        "nll_gain": float(np.mean([one.gain_B.mean() for one in trials])),
        "calibration_error": float(np.mean([calibration_error(one.p_new_B, one.first_won_B) for one in trials])),
        "promoted": float(np.mean([one.decision == "promote" for one in decisions])),
        "kept_for_calibration_alone": float(np.mean([one.failed == ("calibration",) for one in decisions])),
        "promoted_at_some_look": float(np.mean([any(promoted_at(one, at) for at in looks) for one in trials])),
        "rolled_back": len(after) / N_RUNS,
        "rolled_back_interval": wilson_interval(len(after), N_RUNS),
        "median_labels_until": float(np.median(after)) if after else None,
    }


if __name__ == "__main__":
    by_labels = {n: {f"{change:+}": figures(change, n) for change in CHANGES} for n in N_LABELS}
    report("release", {"runs": N_RUNS, "by_labels_and_change_of_error": by_labels})
