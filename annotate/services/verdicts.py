"""What a verdict says, and whether a project asks for that; storing it is services.comparing's."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from annotate.models import AskedBefore, Assignment, Comparison, Outcome, Project
from annotate.services.errors import InvalidInput

LONGEST_COMMENT = 10_000
SIGN = {Outcome.FIRST: 1, Outcome.SECOND: -1, Outcome.TIE: 0}


@dataclass(frozen=True)
class Timing:
    """When the browser showed the pair and when the person decided, by the browser's clock; either may be unknown."""

    shown_at: datetime | None = None
    decided_at: datetime | None = None

    def seconds(self) -> float | None:
        if self.shown_at is None or self.decided_at is None or self.decided_at < self.shown_at:
            return None
        return (self.decided_at - self.shown_at).total_seconds()


@dataclass(frozen=True)
class Verdict:
    """What an annotator decided, in stored order. `client_key` is the browser's: it makes sending it again harmless.

    strength: 3 first much better, 2 clearly, 1 slightly, 0 tie, ... -3 second much better; None where none was given.
    criteria: the outcome on each of the project's criteria. guideline_version: what the annotator had read; None: the
    project's own.
    """

    outcome: Outcome
    client_key: UUID
    comment: str = ""
    timing: Timing = Timing()
    strength: int | None = None
    criteria: Mapping[str, Outcome] = field(default_factory=dict)
    guideline_version: int | None = None

    def same_as(self, stored: Comparison) -> bool:
        """Say whether a stored comparison says the same; how long it took makes no difference."""
        said = (stored.outcome, stored.comment, stored.strength, stored.criteria)
        return said == (self.outcome, self.comment, self.strength, dict(self.criteria))


def check_verdict(verdict: Verdict, assignment: Assignment) -> None:
    """Raise InvalidInput for what the project has not asked since the pair was lent, and for what cannot be stored."""
    try:
        _check_asked(verdict, assignment.project)
    except InvalidInput:
        if not _was_asked(verdict, assignment):
            raise
    check_text(verdict.comment, "comment", at_most=LONGEST_COMMENT)


def _was_asked(verdict: Verdict, assignment: Assignment) -> bool:
    """Say whether the project asked for such a verdict at some time since it lent the pair."""
    since = AskedBefore.objects.filter(project=assignment.project_id, until__gt=assignment.leased_at)
    for asked in since:
        with suppress(InvalidInput):
            _check_asked(verdict, asked.as_project())
            return True
    return False


def _check_asked(verdict: Verdict, project: Project) -> None:
    if project.asks_for_rankings:
        raise InvalidInput("This project asks for rankings. Put the responses in order on its page instead.")
    if verdict.outcome not in project.offered_outcomes:
        raise InvalidInput(
            f"This project does not offer {verdict.outcome!r}. Reload the page and choose one of its outcomes."
        )
    if verdict.strength is not None:
        _check_strength(verdict.outcome, verdict.strength, project)
    _check_criteria(verdict.criteria, project)


def check_text(text: str, name: str, *, at_most: int) -> None:
    if len(text) > at_most:
        raise InvalidInput(f"The {name} is longer than {at_most} characters. Shorten it and send it again.")
    if "\x00" in text:
        raise InvalidInput(f"The {name} holds a NUL character, which cannot be stored. Remove it and send it again.")


def _check_strength(outcome: Outcome, strength: int, project: Project) -> None:
    if not project.offered_strengths:
        raise InvalidInput(
            "This project does not ask how much better a response is. Reload the page, or leave the strength out."
        )
    allowed = {SIGN[outcome] * step for step in project.offered_strengths} if outcome in SIGN else set()
    if strength not in allowed:
        fitting = ", ".join(str(one) for one in sorted(allowed)) or "no strength at all"
        raise InvalidInput(
            f"A strength of {strength} does not go with {outcome!r} here. Reload the page, or send {fitting}."
        )


def _check_criteria(criteria: Mapping[str, Outcome], project: Project) -> None:
    asked = list(project.criteria)
    if unknown := sorted(set(criteria) - set(asked)):
        raise InvalidInput(f"This project does not ask about {', '.join(unknown)}. Reload the page and judge again.")
    if missing := [name for name in asked if name not in criteria]:
        raise InvalidInput(f"This project also asks about {', '.join(missing)}. Reload the page and judge each.")
    if wrong := sorted(name for name, outcome in criteria.items() if outcome not in project.offered_outcomes):
        raise InvalidInput(f"The outcome on {wrong[0]} is not one that this project offers. Choose one on the page.")
