import numpy as np
import pytest

from trainer.outcomes import Outcome, Scale, verdict_intervals


def rungs(name: str, outcome: Outcome, strength: int = 0) -> tuple[int, int, float]:
    lower, upper, weight = verdict_intervals(np.array([outcome]), np.array([strength]), np.array([2.0]), Scale(name))
    return int(lower[0]), int(upper[0]), float(weight[0])


@pytest.mark.parametrize(
    ("name", "outcome", "strength", "expected"),
    [
        ("binary", Outcome.FIRST, 0, (1, 2, 2)),
        ("binary", Outcome.SECOND, 0, (0, 1, 2)),
        ("ties", Outcome.FIRST, 0, (2, 3, 2)),
        ("ties", Outcome.TIE, 0, (1, 2, 2)),
        ("ties", Outcome.SECOND, 0, (0, 1, 2)),
        ("strength5", Outcome.FIRST, 1, (3, 4, 2)),
        ("strength5", Outcome.FIRST, 2, (4, 5, 2)),
        ("strength5", Outcome.SECOND, -2, (0, 1, 2)),
        ("strength7", Outcome.TIE, 0, (3, 4, 2)),
        ("strength7", Outcome.SECOND, -1, (2, 3, 2)),
        ("strength7", Outcome.SECOND, -3, (0, 1, 2)),
    ],
)
def test_a_verdict_lies_between_its_rungs(
    name: str, outcome: Outcome, strength: int, expected: tuple[int, int, float]
) -> None:
    assert rungs(name, outcome, strength) == expected


def test_a_winner_without_a_strength_reaches_to_infinity() -> None:
    assert rungs("strength7", Outcome.FIRST) == (4, 7, 2)
    assert rungs("strength7", Outcome.SECOND) == (0, 3, 2)


def test_a_strength_beyond_the_scale_is_its_last_step() -> None:
    assert rungs("strength5", Outcome.FIRST, 3) == rungs("strength5", Outcome.FIRST, 2)


@pytest.mark.parametrize("name", ["binary", "ties", "strength7"])
def test_both_bad_weighs_nothing(name: str) -> None:
    assert rungs(name, Outcome.BOTH_BAD)[2] == 0


def test_a_tie_weighs_nothing_where_none_is_offered() -> None:
    assert rungs("binary", Outcome.TIE)[2] == 0
