"""Why a label surprises the head: likely a slip, contested among people, or a blind spot of the head itself."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Badge = Literal["", "likely_slip", "contested", "blind_spot"]

AGAINST = 0.5  # a label is a disagreement when the head gave it less than this
FAR = 0.1  # so little probability that a slip of the finger comes to mind
RELIABLE_ACCURACY, RELIABLE_LABELS = 0.7, 20
MINORITY_SHARE = 1 / 3
MANY_TIES = 0.4
HIGH_LEVERAGE = 0.5
NEIGHBOUR_Z, NEIGHBOUR_LABELS = 2.0, 4
TINY = 1e-12


@dataclass(frozen=True)
class Evidence:
    """What is known about each label. Probabilities are leave-one-out and moderated.

    p_label_B: of the label itself. p_tie_B: of a tie. verdict_B: +1 first, -1 second, 0 neither. residual_B: -rho,
    positive where first did better than the head thinks; curvature_B: its variance v; leverage_B: v d^T H^-1 d.
    """

    p_label_B: Floats
    p_tie_B: Floats
    verdict_B: Integers
    pair_B: Integers
    annotator_B: Integers
    first_B: Integers
    second_B: Integers
    residual_B: Floats
    curvature_B: Floats
    leverage_B: Floats


def badges(evidence: Evidence) -> list[Badge]:
    """Name the likeliest reason of each disagreement; "" where the label agrees or nothing stands out.

    A badge is a hint for a reviewer and no verdict on a person: most surprising labels are not errors (docs/model.md).
    """
    against = evidence.p_label_B < AGAINST
    contested, blind, slip = _contested(evidence), _blind_spot(evidence), _likely_slip(evidence)
    return [
        _badge(*flags) if disagrees else "" for disagrees, *flags in zip(against, contested, blind, slip, strict=True)
    ]


def _badge(contested: bool, blind: bool, slip: bool) -> Badge:
    if contested:
        return "contested"
    if blind:
        return "blind_spot"
    return "likely_slip" if slip else ""


def _contested(evidence: Evidence) -> Flags:
    """People split over the pair, or the head expects a tie."""
    _, pair = np.unique(evidence.pair_B, return_inverse=True)
    n = np.bincount(pair, evidence.verdict_B != 0)[pair]
    lead = np.abs(np.bincount(pair, evidence.verdict_B))[pair]
    minority = (n - lead) / 2
    split: Flags = (n >= 2) & (minority >= MINORITY_SHARE * n)
    return split | (evidence.p_tie_B >= MANY_TIES)


def _blind_spot(evidence: Evidence) -> Flags:
    """The head rests on this label alone, or errs the same way on other pairs of the same two responses."""
    pull, variance, n = _neighbours(evidence)
    z = evidence.verdict_B * pull / np.sqrt(np.maximum(variance, TINY))
    return (evidence.leverage_B >= HIGH_LEVERAGE) | ((n >= NEIGHBOUR_LABELS) & (z >= NEIGHBOUR_Z))


def _neighbours(evidence: Evidence) -> tuple[Floats, Floats, Floats]:
    """Sum over labels of other pairs that share a response: residuals toward "first", their variances, their number."""
    first, second = evidence.first_B, evidence.second_B
    _, pair = np.unique(evidence.pair_B, return_inverse=True)
    size = int(max(first.max(initial=0), second.max(initial=0))) + 1

    def over_neighbours(value_B: Floats, sign: int) -> Floats:
        at_response = np.bincount(first, value_B, size) + sign * np.bincount(second, value_B, size)
        own_pair = np.bincount(pair, value_B)[pair]
        total: Floats = at_response[first] + sign * at_response[second] - 2 * own_pair
        return total

    ones = np.ones(len(first))
    return (
        over_neighbours(evidence.residual_B, -1),
        over_neighbours(evidence.curvature_B, 1),
        over_neighbours(ones, 1),
    )


def _likely_slip(evidence: Evidence) -> Flags:
    """Far on the wrong side, by someone whose other labels the head mostly predicts."""
    _, annotator = np.unique(evidence.annotator_B, return_inverse=True)
    decisive = evidence.verdict_B != 0
    right = decisive & (evidence.p_label_B > AGAINST)
    others = np.bincount(annotator, decisive)[annotator] - decisive
    others_right = np.bincount(annotator, right)[annotator] - right
    reliable = (others >= RELIABLE_LABELS) & (others_right >= RELIABLE_ACCURACY * others)
    slip: Flags = decisive & reliable & (evidence.p_label_B <= FAR)
    return slip


def precision_at(surprise_B: Floats, wrong_B: Flags, k: int) -> float:
    """Return the share of the k most surprising labels that are wrong; NaN where there are fewer than k.

    wrong_B: known from elsewhere, such as the majority of many people. Labels without a surprise (NaN) are left out;
    equally surprising ones are taken in the order they stand.
    """
    known = np.flatnonzero(np.isfinite(surprise_B))
    if k < 1 or len(known) < k:
        return float("nan")
    most = known[np.argsort(-surprise_B[known], kind="stable")[:k]]
    return float(wrong_B[most].mean())
