"""What the newest study of a project found, for people to read: effects, lapses, flips, slices, a data map."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annotate.models import Comparison, Project, Study, User

ANYTHING = 20.0  # logits


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def says_something(self) -> bool:
        """False where an effect in logits could be anything: nobody was shown sides, or styles go hand in hand."""
        return self.high - self.low < ANYTHING


@dataclass(frozen=True)
class Effect:
    """By how many logits one unit of something moves a verdict."""

    name: str
    logits: Interval


@dataclass(frozen=True)
class Lapse:
    """How often a person answers without looking: the most probable rate, from n labels."""

    annotator: User
    n: int
    rate: Interval


@dataclass(frozen=True)
class Helping:
    """How much better heads of chosen labels predict than heads of as many random ones; negative where they do not."""

    n_trained: int
    n_scored: int
    nll: Interval
    accuracy: Interval


@dataclass(frozen=True)
class Rate:
    """A share of n, with its interval."""

    n: int
    share: Interval


@dataclass(frozen=True)
class Flips:
    """How often the next person contradicted surprising verdicts, and matched verdicts that did not surprise."""

    surprising: Rate
    controls: Rate | None


@dataclass(frozen=True)
class Slice:
    """Audit accuracy where a tag, a source or a length holds."""

    name: str
    n: int
    accuracy: Interval


@dataclass(frozen=True)
class Place:
    """Where a comparison lies on the data map."""

    comparison: str
    confidence: float
    variability: float


@dataclass(frozen=True)
class Findings:
    """Everything that a study found, and of which snapshot."""

    snapshot: int
    n: int
    made_at: datetime
    seconds: float
    position: Effect
    style: tuple[Effect, ...]
    lapses: tuple[Lapse, ...]
    helping: Helping | None
    flips: Flips | None
    slices: tuple[Slice, ...]
    map: tuple[Place, ...]
    alarms: tuple[str, ...]


def findings(project: Project) -> Findings | None:
    """Read the newest study, or None before the first."""
    study = _newest(project)
    if study is None:
        return None
    found = study.findings
    return Findings(
        snapshot=study.snapshot.number,
        n=found["n"],
        made_at=study.made_at,
        seconds=study.seconds,
        position=_effect("position", found["position"]),
        style=tuple(_effect(name, one) for name, one in found["style"].items()),
        lapses=_lapses(found["lapses"]),
        helping=_helping(found["helping"]),
        flips=_flips(found["flips"]),
        slices=tuple(_slice(one) for one in found["slices"]),
        map=_places(project, found["map"]),
        alarms=tuple(found["alarms"]),
    )


def flips(project: Project) -> Flips | None:
    """Read the measured flip rates alone."""
    study = _newest(project)
    return _flips(study.findings["flips"]) if study else None


def _newest(project: Project) -> Study | None:
    light = Study.objects.filter(project=project).select_related("snapshot")
    return light.only("findings", "made_at", "seconds", "snapshot__number").first()


def _interval(value: float, ends: list[float]) -> Interval:
    return Interval(value, *ends)


def _effect(name: str, found: dict[str, Any]) -> Effect:
    return Effect(name, _interval(found["coefficient"], found["interval"]))


def _lapses(found: list[dict[str, Any]]) -> tuple[Lapse, ...]:
    """Name the people, the highest rates first."""
    people = User.objects.in_bulk([one["annotator"] for one in found])
    named = (
        Lapse(people[one["annotator"]], one["n"], _interval(one["rate"], one["interval"]))
        for one in found
        if one["annotator"] in people
    )
    return tuple(sorted(named, key=lambda lapse: -lapse.rate.value))


def _helping(found: dict[str, Any] | None) -> Helping | None:
    if found is None:
        return None
    nll = _interval(found["nll_gain"], found["nll_interval"])
    accuracy = _interval(found["accuracy_gain"], found["accuracy_interval"])
    return Helping(found["n_trained"], found["n_scored"], nll, accuracy)


def _flips(found: dict[str, Any] | None) -> Flips | None:
    if found is None:
        return None
    surprising, controls = (_rate(found[name]) for name in ("surprising", "controls"))
    return Flips(surprising, controls) if surprising else None


def _rate(found: dict[str, Any]) -> Rate | None:
    return Rate(found["n"], _interval(found["share"], found["interval"])) if found["n"] else None


def _slice(found: dict[str, Any]) -> Slice:
    return Slice(found["name"], found["n"], Interval(found["accuracy"], found["low"], found["high"]))


def _places(project: Project, found: list[dict[str, Any]]) -> tuple[Place, ...]:
    """Give the comparisons of the map the ids that others know them by."""
    rows = Comparison.objects.filter(project=project, pk__in=[one["comparison"] for one in found])
    known = dict(rows.values_list("pk", "public_id"))
    return tuple(
        Place(str(known[one["comparison"]]), one["confidence"], one["variability"])
        for one in found
        if one["comparison"] in known
    )
