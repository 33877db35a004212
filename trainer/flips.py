"""How often the next person contradicts a verdict that surprised the head, against matched ones that did not."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.honesty import Interval, clustered_interval

EVEN = 0.5
MOST_TARGETS = 1000

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rate:
    """How many of n verdicts the next person contradicted, as a share with a 95 % interval.

    Several verdicts of a pair may be contradicted by one person: the interval takes pairs for what was drawn.
    """

    n: int
    share: float
    interval: Interval


@dataclass(frozen=True)
class Flips:
    """Flip rates of surprising verdicts and of as many controls; the difference is what surprise finds."""

    surprising: Rate
    controls: Rate


def flip_rates(
    p_first_B: Floats, verdict_B: Integers, pair_B: Integers, annotator_B: Integers, blind_B: Flags, *, seed: int
) -> Flips | None:
    """Compare, over decisive verdicts whose pair another person judged later; None where there are none.

    Labels stand in the order they came. p_first_B: moderated, by the head without any label of the pair: the second
    opinion must not have told it. verdict_B: +1 first, -1 second, 0 neither. blind_B: judged here, so without sight of
    the other verdict; only the later one has to be.
    """
    later_B = next_opinions(verdict_B, pair_B, annotator_B, blind_B)
    known_B = (later_B >= 0) & (verdict_B != 0) & np.isfinite(p_first_B)
    p_label_B = np.where(verdict_B > 0, p_first_B, 1 - p_first_B)
    surprising = np.flatnonzero(known_B & (p_label_B < EVEN))[-MOST_TARGETS:]
    if not len(surprising):
        return None
    calm = np.flatnonzero(known_B & (p_label_B >= EVEN))
    sure_B = np.abs(p_first_B - EVEN)
    place_T = matched(sure_B[surprising], sure_B[calm], seed=seed)
    controls = calm[place_T[place_T >= 0]]
    flipped_B = verdict_B != verdict_B[later_B]
    return Flips(*(_rate(flipped_B[some], pair_B[some]) for some in (surprising, controls)))


def controls_of(
    target_T: Integers, p_first_B: Floats, verdict_B: Integers, pair_B: Integers, spare_B: Flags, *, seed: int
) -> Integers:
    """Return for each surprising label one that came as expected, as sure and of another pair; -1 where none was left.

    p_first_B: moderated, without the label. One label of a pair at most; spare_B: labels that may be chosen.
    """
    p_label_B = np.where(verdict_B > 0, p_first_B, 1 - p_first_B)
    surprising_B = (verdict_B != 0) & (p_label_B < EVEN)
    surprising_B[target_T] = True  # also where it was a tie that the head did not miss
    others_B = spare_B & np.isfinite(p_first_B) & (verdict_B != 0) & ~np.isin(pair_B, pair_B[surprising_B])
    calm = np.flatnonzero(others_B)
    calm = calm[np.unique(pair_B[calm], return_index=True)[1]]
    sure_B = np.abs(p_first_B - EVEN)
    place_T = matched(sure_B[target_T], sure_B[calm], seed=seed)
    return np.append(calm, -1)[place_T]


def next_opinions(verdict_B: Integers, pair_B: Integers, annotator_B: Integers, blind_B: Flags) -> Integers:
    """Return for each label the next decisive, blind label of its pair by somebody else; -1 where there is none."""
    later_B = np.full(len(pair_B), -1)
    waiting: dict[int, list[int]] = {}
    for label, pair in enumerate(pair_B.tolist()):
        earlier = waiting.setdefault(pair, [])
        if blind_B[label] and verdict_B[label]:
            others = [one for one in earlier if annotator_B[one] != annotator_B[label]]
            later_B[others] = label
            waiting[pair] = earlier = [one for one in earlier if one not in others]
        earlier.append(label)
    return later_B


def matched(wanted_T: Floats, value_P: Floats, *, seed: int) -> Integers:
    """Return for each wanted value the candidate nearest to it, each used once; -1 where none was left.

    Targets choose in random order (Rubin 1973, nearest available matching). Cost: T P.
    """
    place_T, free_P = np.full(len(wanted_T), -1), value_P.astype(np.float64)
    for target in np.random.default_rng(seed).permutation(len(wanted_T))[: len(value_P)]:
        place_T[target] = np.abs(free_P - wanted_T[target]).argmin()
        free_P[place_T[target]] = np.inf
    return place_T


def _rate(flipped: Flags, pair: Integers) -> Rate:
    if not len(flipped):
        return Rate(0, float("nan"), (0.0, 1.0))
    return Rate(len(flipped), float(flipped.mean()), clustered_interval(flipped.astype(float), pair))
