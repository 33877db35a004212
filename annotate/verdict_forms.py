"""What the screens of annotators send as a verdict; rules live in services. Its times are no fields: one that cannot be
read is left out and refuses no verdict.
"""

import re
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from annotate.models import Outcome
from annotate.services.errors import InvalidInput
from annotate.services.verdicts import Timing, Verdict
from annotate.sides import Choice, as_stored, turned

CRITERION = "criterion:"
_CHOICE = r"\A((left|right)( [1-3])?|tie( 0)?|both_bad)\Z"


class TimedForm(forms.Form):
    client_key = forms.UUIDField()
    comment = forms.CharField(required=False, strip=False)

    def timing(self) -> Timing:
        return Timing(_moment(self.data.get("shown_at", "")), _moment(self.data.get("decided_at", "")))


class VerdictForm(TimedForm):
    """A verdict on a pair. `choice` is left, right, tie or both_bad, with a strength where one is given: "left 3"."""

    assignment = forms.UUIDField()
    choice = forms.RegexField(_CHOICE)

    @property
    def choice_made(self) -> Choice:
        return Choice(self.cleaned_data["choice"].partition(" ")[0])

    def verdict(self, *, first_on_left: bool | None, guideline_version: int | None) -> Verdict:
        """Return what was sent, in stored order. Raises InvalidInput."""
        steps = self.cleaned_data["choice"].partition(" ")[2]
        towards_left = {Choice.LEFT: 1, Choice.RIGHT: -1}.get(self.choice_made, 0)
        return Verdict(
            outcome=as_stored(self.choice_made, first_on_left=first_on_left),
            client_key=self.cleaned_data["client_key"],
            comment=self.cleaned_data["comment"],
            timing=self.timing(),
            strength=turned(towards_left * int(steps), first_on_left=first_on_left) if steps else None,
            criteria=self._criteria(first_on_left=first_on_left),
            guideline_version=guideline_version,
        )

    def _criteria(self, *, first_on_left: bool | None) -> dict[str, Outcome]:
        sent = {name.removeprefix(CRITERION): self.data[name] for name in self.data if name.startswith(CRITERION)}
        if any(choice not in Choice.values for choice in sent.values()):
            raise InvalidInput("The page sent something that cannot be read. Reload it and try again.")
        return {name: as_stored(Choice(choice), first_on_left=first_on_left) for name, choice in sent.items()}


class OrderForm(TimedForm):
    """An order of responses: the rank of each by its number, "rank:2"; the best has the lowest, equals the same."""

    ranking = forms.UUIDField()

    def tiers(self, lineup: list[int]) -> list[list[int]]:
        """Return the ids in tiers, best first; `lineup` are the ids in the order shown. Raises InvalidInput."""
        by_rank: dict[int, list[int]] = {}
        for number, response in enumerate(lineup, 1):
            rank: Any = self.data.get(f"rank:{number}", "")
            if not re.fullmatch("[0-9]{1,3}", rank):
                raise InvalidInput("A response has no rank. Give every response a number; the best one gets 1.")
            by_rank.setdefault(int(rank), []).append(response)
        return [by_rank[rank] for rank in sorted(by_rank)]


def _moment(text: str) -> datetime | None:
    """Return the time in UTC, or None for none: PostgreSQL would keep one that is no year of ours there."""
    try:
        moment = parse_datetime(text)
        return moment.astimezone(UTC) if moment and timezone.is_aware(moment) else None
    except (ValueError, OverflowError):
        return None
