import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import beta

from trainer.annotators import guess_probability, lapses

PRIOR = beta(1.5, 18.5)


def make_labels(n: int = 200, rate: float = 0.2, seed: int = 0) -> np.ndarray:
    """Return what the head gives to the labels of somebody who guesses at a known rate, two outcomes."""
    rng = np.random.default_rng(seed)
    p_first = rng.choice([0.03, 0.2, 0.6, 0.98], n)
    first = np.where(rng.random(n) < rate, rng.random(n) < 0.5, rng.random(n) < p_first)
    return np.where(first, p_first, 1 - p_first)


def test_the_most_probable_rate_is_the_maximum_that_scipy_finds() -> None:
    p_label = make_labels()

    def height(rate: float) -> float:
        return float(np.log((1 - rate) * p_label + rate / 2).sum() + PRIOR.logpdf(rate))

    best = minimize_scalar(lambda rate: -height(rate), bounds=(0, 1), method="bounded", options={"xatol": 1e-8})

    (lapse,) = lapses(p_label, np.zeros(200, int), 2)

    assert lapse.rate == pytest.approx(best.x, abs=1e-5)


@pytest.mark.parametrize(
    ("p_label", "posterior"),
    [
        pytest.param(0.0, beta(1.5 + 60, 18.5), id="every label was impossible: each was a guess"),
        pytest.param(1 / 3, PRIOR, id="every label was as likely as a guess: nothing is learnt"),
    ],
)
def test_the_interval_is_that_of_the_posterior_where_it_is_known(p_label: float, posterior: object) -> None:
    (lapse,) = lapses(np.full(60, p_label), np.zeros(60, int), 3)

    assert lapse.interval == pytest.approx(posterior.interval(0.95), abs=1e-3)  # type: ignore[attr-defined]


def test_people_are_told_apart_and_those_with_few_labels_are_left_out() -> None:
    p_label = np.concatenate([make_labels(2000, 0.0), make_labels(2000, 0.3), make_labels(49, 0.9)])
    annotator = np.repeat([7, 3, 5], [2000, 2000, 49])

    careless, careful = lapses(p_label, annotator, 2)

    assert (careless.annotator, careless.n, careful.annotator) == (3, 2000, 7)
    assert careless.interval[0] > careful.interval[1]
    assert careless.interval[0] < 0.3 < careless.interval[1]


def test_labels_without_a_probability_do_not_count() -> None:
    p_label = make_labels()
    with_unknown, annotator = np.append(p_label, [np.nan] * 30), np.zeros(230, int)

    assert lapses(with_unknown, annotator, 2) == lapses(p_label, annotator[:200], 2)


def test_nobody_has_no_rate() -> None:
    assert lapses(np.empty(0), np.empty(0, int), 2) == []


def test_a_guess_is_suspected_by_bayes_rule() -> None:
    """One label in ten is a guess, one guess in two says so, and an attentive person would have said so once in 20."""
    assert guess_probability(np.array([0.05]), 0.1, 2)[0] == pytest.approx(0.05 / (0.05 + 0.9 * 0.05))


def test_intervals_hold_nineteen_rates_in_twenty_of_people_drawn_from_the_prior() -> None:
    rng = np.random.default_rng(0)
    rates = rng.beta(1.5, 18.5, 400)
    p_label = np.concatenate([make_labels(80, rate, seed) for seed, rate in enumerate(rates)])

    found = lapses(p_label, np.repeat(np.arange(400), 80), 2)

    covered = np.mean(
        [low <= rate <= high for rate, (low, high) in zip(rates, (one.interval for one in found), strict=True)]
    )
    assert 0.92 <= covered <= 0.98
