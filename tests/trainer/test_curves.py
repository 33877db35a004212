from math import inf

import numpy as np
import pytest
from scipy import stats

from trainer.curves import Curves, labels_needed, mean_interval

LABELS = np.arange(0.0, 4097.0, 64.0)


def learning(pace: float, *, n_runs: int = 5, noise: float = 0.0, seed: int = 0) -> Curves:
    """Return curves that rise with the logarithm of pace * labels; each run has luck of its own and noise."""
    rng = np.random.default_rng(seed)
    rise_P = 0.5 + 0.05 * np.log1p(pace * LABELS / 64)
    luck_S1 = noise * rng.standard_normal((n_runs, 1))
    return Curves(LABELS, rise_P + luck_S1 + noise * rng.standard_normal((n_runs, len(LABELS))))


def test_the_labels_needed_are_read_on_the_straight_lines_between_scores() -> None:
    curves = Curves(np.array([0.0, 100.0, 200.0]), np.array([[0.5, 0.6, 0.8], [0.5, 0.6, 0.8]]))

    assert curves.needed(0.55) == pytest.approx(50)
    assert curves.needed(0.65) == pytest.approx(125)
    assert curves.needed(0.4) == 0
    assert curves.needed(0.81) == inf


def test_a_dip_is_levelled_out_and_no_lucky_peak_counts() -> None:
    """Least squares over rising curves: .7, .6 become .65 twice."""
    curves = Curves(np.array([0.0, 100.0, 200.0, 300.0]), np.array([[0.5, 0.7, 0.6, 0.8]]))

    assert curves.level(100) == pytest.approx(0.65)
    assert curves.needed(0.65) == pytest.approx(100)
    assert curves.needed(0.7) == pytest.approx(200 + 100 / 3)


@pytest.mark.parametrize("target", [500, 1000, 2000])
def test_who_learns_at_twice_the_pace_needs_half_of_the_labels(target: int) -> None:
    needed = labels_needed(learning(2.0), learning(1.0), target)

    assert needed.ratio == pytest.approx(0.5, abs=0.02)
    assert needed.interval == pytest.approx((needed.ratio, needed.ratio))


def test_the_interval_covers_the_true_ratio() -> None:
    """300 comparisons of five noisy runs each. Student's interval of a jackknife is approximate: 90 % will do."""
    covered, ratios = 0, []
    for seed in range(300):
        slow, fast = learning(1.0, noise=0.006, seed=2 * seed), learning(1 / 0.7, noise=0.006, seed=2 * seed + 1)
        needed = labels_needed(fast, slow, 1000)
        assert needed.interval is not None
        covered += needed.interval[0] <= 0.7 <= needed.interval[1]
        ratios.append(needed.ratio)

    assert 0.9 <= covered / 300 <= 0.99
    assert np.median(ratios) == pytest.approx(0.7, abs=0.03)


def test_what_is_never_reached_has_no_interval() -> None:
    needed = labels_needed(learning(0.2), learning(1.0), 4000)

    assert needed.ratio == inf
    assert needed.interval is None


def test_one_run_has_no_interval() -> None:
    assert labels_needed(learning(2.0, n_runs=1), learning(1.0, n_runs=1), 1000).interval is None
    assert mean_interval([0.3]) == (0.3, None)


def test_the_interval_of_a_mean_is_student_s() -> None:
    values = np.random.default_rng(0).standard_normal(5)

    mean, interval = mean_interval(values)

    assert mean == pytest.approx(values.mean())
    assert interval == pytest.approx(stats.ttest_1samp(values, 0).confidence_interval(0.95))
