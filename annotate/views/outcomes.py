"""The controls of the outcomes that a project offers, as its bar shows them."""

from dataclasses import dataclass

from annotate.models import Project

WORDS = {1: "slightly", 2: "clearly", 3: "much"}


@dataclass(frozen=True)
class Point:
    """One point of a strength scale, from A much better to B much better. `key` is the digit that chooses it."""

    value: str
    label: str
    said: str
    key: str
    side: str


def points(project: Project) -> tuple[Point, ...]:
    """Return the points of the project's strength scale in the order shown; none where it has no scale."""
    steps = project.offered_strengths
    if not steps:
        return ()
    left = [(f"left {step}", f"A {WORDS[step]}", f"A is {WORDS[step]} better.", "left") for step in reversed(steps)]
    right = [(f"right {step}", f"B {WORDS[step]}", f"B is {WORDS[step]} better.", "right") for step in steps]
    scale = [*left, ("tie 0", "Tie", "A tie.", "tie"), *right]
    return tuple(Point(value, label, said, str(key), side) for key, (value, label, said, side) in enumerate(scale, 1))
