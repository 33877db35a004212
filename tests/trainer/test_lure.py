from itertools import permutations

import numpy as np
import pytest

from trainer.lure import lure

VALUES = np.array([0.2, 1.5, -0.7, 3.0])


def propensities(order: tuple[int, ...]) -> list[float]:
    """Return the probability of each draw, by a rule that favours some values and changes with every draw."""
    left, chances = set(range(len(VALUES))), []
    for draw, pair in enumerate(order):
        liking = {other: np.exp((0.5 + draw) * VALUES[other] / 3) for other in left}
        chances.append(liking[pair] / sum(liking.values()))
        left.remove(pair)
    return chances


@pytest.mark.parametrize("n_drawn", [1, 2, 3, 4])
def test_the_mean_over_every_possible_choice_is_the_mean_over_the_pool(n_drawn: int) -> None:
    expected, naive = 0.0, 0.0
    for order in permutations(range(4), n_drawn):
        chances = np.array(propensities(order))
        expected += chances.prod() * lure(VALUES[list(order)], chances, 4)
        naive += chances.prod() * VALUES[list(order)].mean()

    assert expected == pytest.approx(VALUES.mean())
    assert n_drawn == 4 or naive > VALUES.mean() + 0.2


def test_choices_by_an_even_chance_are_averaged_plainly() -> None:
    values = np.array([1.0, 4.0, 2.5])

    assert lure(values, 1 / np.array([10.0, 9.0, 8.0]), 10) == pytest.approx(values.mean())
