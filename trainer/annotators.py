"""How often each annotator answers without looking: lapse rates by EM, with their intervals. A report, no sentence."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from trainer.honesty import Interval

PRIOR_GUESSES, PRIOR_OTHERS = 1.5, 18.5  # Beta: a mean of .075
MIN_LABELS = 50
MAX_ROUNDS, TOLERANCE = 1000, 1e-7
N_RATES = 400  # at which the posterior is looked at; between them it is interpolated

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Lapse:
    """One annotator's lapse rate e: its most probable value and a 95 % credible interval, from n labels."""

    annotator: int
    n: int
    rate: float
    interval: Interval


def lapses(p_label_B: Floats, annotator_B: Integers, n_outcomes: int) -> list[Lapse]:
    """Return the lapse rate of everybody with at least 50 labels: P(label) = (1 - e) p_label + e / n_outcomes.

    p_label_B: what a head that had not seen the label gave it (leave-one-out), never what the fitted head gives.
    NaN where a label counts for nothing. Dawid & Skene 1979 for EM on annotators.
    """
    counted = np.isfinite(p_label_B)
    people, person_B, n_A = np.unique(annotator_B[counted], return_inverse=True, return_counts=True)
    rate_A = _most_probable(p_label_B[counted], person_B, n_A, n_outcomes)
    low_A, high_A = _credible(p_label_B[counted], person_B, len(people), n_outcomes)
    return [
        Lapse(int(annotator), int(n), float(rate), (float(low), float(high)))
        for annotator, n, rate, low, high in zip(people, n_A, rate_A, low_A, high_A, strict=True)
        if n >= MIN_LABELS
    ]


def guess_probability(p_label: Floats, rate: float | Floats, n_outcomes: int) -> Floats:
    """Return the chance that a label was a guess (the E-step); 1 minus it would be the label's weight in a fit."""
    guess: Floats = np.asarray(rate) / n_outcomes
    return guess / ((1 - rate) * p_label + guess)


def _most_probable(p_label_B: Floats, person_B: Integers, n_A: Integers, n_outcomes: int) -> Floats:
    """Run EM. The log posterior is concave in each rate, so there is one maximum to find."""
    rate_A = np.full(len(n_A), PRIOR_GUESSES / (PRIOR_GUESSES + PRIOR_OTHERS))
    for _ in range(MAX_ROUNDS):
        guesses_A = np.bincount(person_B, guess_probability(p_label_B, rate_A[person_B], n_outcomes), len(n_A))
        before, rate_A = rate_A, (guesses_A + PRIOR_GUESSES - 1) / (n_A + PRIOR_GUESSES + PRIOR_OTHERS - 2)
        if np.abs(rate_A - before).max(initial=0.0) < TOLERANCE:
            break
    return rate_A


def _credible(p_label_B: Floats, person_B: Integers, n_people: int, n_outcomes: int) -> tuple[Floats, Floats]:
    """Return the ends of the middle 95 % of each rate's posterior, by adding it up over a grid."""
    rates = (np.arange(N_RATES) + 0.5) / N_RATES
    said = [np.log((1 - rate) * p_label_B + rate / n_outcomes) for rate in rates]
    height = np.array([np.bincount(person_B, one, n_people) for one in said])
    height = height + beta.logpdf(rates, PRIOR_GUESSES, PRIOR_OTHERS)[:, None]
    mass = np.exp(height - height.max(0))
    below = np.vstack([np.zeros(n_people), mass.cumsum(0) / mass.sum(0)])
    edges = np.arange(N_RATES + 1) / N_RATES
    ends = [np.interp([0.025, 0.975], column, edges) for column in below.T]
    low, high = np.array(ends).reshape(-1, 2).T
    return low, high
