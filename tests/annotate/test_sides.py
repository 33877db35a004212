"""Left and right against first and second."""

import pytest

from annotate.models import Outcome
from annotate.sides import Choice, as_shown, as_stored, left_and_right, turned


@pytest.mark.parametrize("first_on_left", [True, False, None])
@pytest.mark.parametrize("choice", Choice)
def test_what_was_chosen_comes_back_as_it_was_seen(choice: Choice, first_on_left: bool | None) -> None:
    assert as_shown(as_stored(choice, first_on_left=first_on_left), first_on_left=first_on_left) is choice


def test_swapped_sides_swap_the_outcome_and_nothing_else() -> None:
    stored = [as_stored(choice, first_on_left=False) for choice in Choice]

    assert stored == [Outcome.SECOND, Outcome.FIRST, Outcome.TIE, Outcome.BOTH_BAD]


@pytest.mark.parametrize(("first_on_left", "shown"), [(True, (1, 2)), (False, (2, 1)), (None, (1, 2))])
def test_what_belongs_to_the_first_is_shown_where_the_first_is(
    first_on_left: bool | None, shown: tuple[int, int]
) -> None:
    assert left_and_right(1, 2, first_on_left=first_on_left) == shown


@pytest.mark.parametrize(("first_on_left", "turned_to"), [(True, 2), (False, -2), (None, 2)])
def test_a_strength_towards_the_left_is_one_towards_whoever_is_there(
    first_on_left: bool | None, turned_to: int
) -> None:
    assert turned(2, first_on_left=first_on_left) == turned_to
    assert turned(turned_to, first_on_left=first_on_left) == 2
    assert turned(None, first_on_left=first_on_left) is None
