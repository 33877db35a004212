"""Left and right against first and second."""

import pytest

from annotate.models import Outcome
from annotate.sides import Choice, as_shown, as_stored


@pytest.mark.parametrize("first_on_left", [True, False, None])
@pytest.mark.parametrize("choice", Choice)
def test_what_was_chosen_comes_back_as_it_was_seen(choice: Choice, first_on_left: bool | None) -> None:
    assert as_shown(as_stored(choice, first_on_left=first_on_left), first_on_left=first_on_left) is choice


def test_swapped_sides_swap_the_outcome_and_nothing_else() -> None:
    stored = [as_stored(choice, first_on_left=False) for choice in Choice]

    assert stored == [Outcome.SECOND, Outcome.FIRST, Outcome.TIE, Outcome.BOTH_BAD]
