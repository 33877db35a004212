import numpy as np
import pytest
from scipy.stats import binom

from trainer.honesty import wilson_interval
from trainer.sequential import BETS, anytime_interval

N_STREAMS, LOOKS = 150, range(10, 401, 26)


def psi(bet: np.ndarray | float) -> np.ndarray | float:
    return -np.log1p(-bet) - bet


@pytest.mark.parametrize("bet", BETS[::3])
def test_each_bet_is_fair_or_worse_whatever_the_chance_and_the_guess(bet: float) -> None:
    chance, guess = np.meshgrid(np.linspace(0, 1, 201), np.linspace(0, 1, 201))
    right = np.exp(bet * (1 - chance) - psi(bet) * (1 - guess) ** 2)
    wrong = np.exp(-bet * chance - psi(bet) * guess**2)

    assert (chance * right + (1 - chance) * wrong).max() <= 1 + 1e-12


@pytest.mark.parametrize(("n", "level"), [(7, 0.95), (300, 0.95), (300, 0.8)])
def test_the_ends_are_where_the_bets_have_won_the_inverse_of_half_the_error(n: int, level: float) -> None:
    values = (np.random.default_rng(0).random(n) < 0.6).astype(float)
    guess, variance = 0.5, 0.0
    for place, value in enumerate(values):
        variance += (value - guess) ** 2
        guess = (0.5 + values[: place + 1].sum()) / (place + 2)

    low, high = anytime_interval(values, level=level)

    for end, side in ((low, 1), (high, -1)):
        won = np.exp(side * BETS * (values.sum() - n * end) - psi(BETS) * variance).mean()
        assert won == pytest.approx(2 / (1 - level)) or (end in (0, 1) and won < 2 / (1 - level))


@pytest.mark.parametrize("steady", [True, False], ids=["a steady chance", "a chance that grows as the head learns"])
def test_the_interval_holds_at_every_look_at_once(steady: bool) -> None:
    rng = np.random.default_rng(0)
    chance = np.full(400, 0.75) if steady else np.linspace(0.5, 0.9, 400)
    missed = 0
    for _ in range(N_STREAMS):
        right = (rng.random(400) < chance).astype(float)
        intervals = [(anytime_interval(right[:n]), chance[:n].mean()) for n in LOOKS]
        missed += not all(low <= truth <= high for (low, high), truth in intervals)

    assert missed <= binom.ppf(0.999, N_STREAMS, 0.05)


@pytest.mark.parametrize("n", [100, 1000, 10000])
def test_leave_to_look_at_any_time_costs_about_twice_the_width_at_most(n: int) -> None:
    for seed in range(20):
        right = (np.random.default_rng(seed).random(n) < 0.8).astype(float)

        low, high = anytime_interval(right)

        plain_low, plain_high = wilson_interval(right.sum(), n)
        assert plain_high - plain_low < high - low < 2.4 * (plain_high - plain_low)


def test_nothing_seen_is_nothing_known() -> None:
    assert anytime_interval(np.empty(0)) == (0, 1)
