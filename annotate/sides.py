"""Left and right, as a pair was shown, against first and second, as it is stored: translated here alone."""

from typing import TypeVar

from django.db.models import TextChoices

from annotate.models import Outcome

Side = TypeVar("Side")


class Choice(TextChoices):
    """An annotator's verdict in the words of what they saw."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    BOTH_BAD = "both_bad"


def left_and_right(first: Side, second: Side, *, first_on_left: bool | None) -> tuple[Side, Side]:
    """Put what belongs to the first and to the second in the order shown; unknown sides count as first on the left."""
    return (second, first) if first_on_left is False else (first, second)


def as_stored(choice: Choice, *, first_on_left: bool | None) -> Outcome:
    """Turn what was chosen on the screen into the outcome that is stored."""
    left, right = left_and_right(Outcome.FIRST, Outcome.SECOND, first_on_left=first_on_left)
    return {Choice.LEFT: left, Choice.RIGHT: right}.get(choice) or Outcome(choice)


def turned(strength: int | None, *, first_on_left: bool | None) -> int | None:
    """Turn a strength towards the left into one towards the first, and back: the same step either way."""
    return strength if strength is None or first_on_left is not False else -strength


def as_shown(outcome: Outcome, *, first_on_left: bool | None) -> Choice:
    """Turn a stored outcome into what its annotator saw themselves choose."""
    return next(choice for choice in Choice if as_stored(choice, first_on_left=first_on_left) == outcome)
