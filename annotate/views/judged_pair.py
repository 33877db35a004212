"""A judged pair in the words of what its annotator saw, for the screens on which researchers read it."""

from dataclasses import dataclass

from annotate.models import Assignment, Outcome
from annotate.services.leaks import shown_text
from annotate.sides import Choice, as_shown, left_and_right

CHOSE = {
    Choice.LEFT: "A is better",
    Choice.RIGHT: "B is better",
    Choice.TIE: "a tie",
    Choice.BOTH_BAD: "both are bad",
}


@dataclass(frozen=True)
class Side:
    """One response as its annotator saw it; p is what the head, without the verdict, gave to its being better."""

    label: str
    source: str
    text: str
    chosen: bool
    p: float | None = None


@dataclass(frozen=True)
class JudgedPair:
    """Both responses, A first, and the verdict on them in words; empty where there is none."""

    sides: tuple[Side, Side]
    chose: str


def judged_pair(shown: Assignment, outcome: str | None, *, p_first: float | None = None) -> JudgedPair:
    """Return the pair as `shown` showed it, what was hidden in its texts included, with a verdict on it."""
    on_left = shown.first_on_left
    left, right = left_and_right(shown.pair.first, shown.pair.second, first_on_left=on_left)
    p_left, p_right = left_and_right(p_first, None if p_first is None else 1 - p_first, first_on_left=on_left)
    choice = as_shown(Outcome(outcome), first_on_left=on_left) if outcome else None
    sides = (
        Side("A", left.source, shown_text(left, shown.project), choice == Choice.LEFT, p_left),
        Side("B", right.source, shown_text(right, shown.project), choice == Choice.RIGHT, p_right),
    )
    return JudgedPair(sides, CHOSE[choice] if choice else "")
