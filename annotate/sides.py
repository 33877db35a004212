"""Left and right, as a pair was shown, against first and second, as it is stored: translated here alone."""

from django.db.models import TextChoices

from annotate.models import Outcome


class Choice(TextChoices):
    """An annotator's verdict in the words of what they saw."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    BOTH_BAD = "both_bad"


def as_stored(choice: Choice, *, first_on_left: bool | None) -> Outcome:
    """Turn what was chosen on the screen into the outcome that is stored; unknown sides count as first on the left."""
    sides = {Choice.LEFT: Outcome.FIRST, Choice.RIGHT: Outcome.SECOND}
    if first_on_left is False:
        sides = {Choice.LEFT: Outcome.SECOND, Choice.RIGHT: Outcome.FIRST}
    return sides.get(choice) or Outcome(choice)


def as_shown(outcome: Outcome, *, first_on_left: bool | None) -> Choice:
    """Turn a stored outcome into what its annotator saw themselves choose."""
    return next(choice for choice in Choice if as_stored(choice, first_on_left=first_on_left) == outcome)
