"""What the live snapshot and the newest study warn of, in words, each with what to do next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from annotate.models import Project, Snapshot
from annotate.selectors.studies import Findings, findings


@dataclass(frozen=True)
class Alarm:
    """One warning: its name for programs, what is the case, and what to do next."""

    name: str
    what: str
    next: str


def alarms(project: Project, live: Snapshot | None) -> tuple[Alarm, ...]:
    """Return the alarms that stand now."""
    return tuple(_of_snapshot(live)) + tuple(_of_study(findings(project)))


def _of_snapshot(live: Snapshot | None) -> Iterator[Alarm]:
    if live is not None:
        for name in live.metrics.get("alarms", ()):
            yield Alarm(name, *WORDS[name](live))


def _of_study(found: Findings | None) -> Iterator[Alarm]:
    if found is not None and "position" in found.alarms:
        lean = found.position.logits
        side, size = ("left", lean.value) if lean.value > 0 else ("right", -lean.value)
        low, high = sorted((abs(lean.low), abs(lean.high)))
        yield Alarm(
            "position",
            f"People lean to the {side} by {size:.2f} logits (95 % interval {low:.2f} to {high:.2f}).",
            "Sides are drawn at random, so the head does not learn it, but it is noise that need not be. Remind people "
            "to read both responses before they choose, and look at who is fast.",
        )


def _temperature(live: Snapshot) -> tuple[str, str]:
    temperature = live.metrics["temperature"]
    manner = "too timid" if temperature > 1 else "too bold"
    return (
        f"The head's probabilities are {manner}: they are corrected by a temperature of {temperature:.2f}.",
        "Rankings are unaffected. If it lasts, look whether the guidelines or the people have changed, and let more "
        "pairs be drawn at random (the share of audit pairs).",
    )


def _calibration(live: Snapshot) -> tuple[str, str]:
    points = 100 * live.metrics["audit_ece"]
    return (
        f"The head's probabilities are off: on the audit stream by {points:.1f} points on average.",
        "Look at the calibration chart on the agreement page before you rely on probabilities. Rankings may be good "
        "all the same.",
    )


def _drift(live: Snapshot) -> tuple[str, str]:
    trial = live.metrics["trial"]
    return (
        f"Fresh audit verdicts prove released snapshot {trial['released']} worse than what was released before it.",
        "See the snapshots page: where releases are automatic it was rolled back, else roll it back there.",
    )


WORDS: dict[str, Callable[[Snapshot], tuple[str, str]]] = {
    "temperature": _temperature,
    "calibration": _calibration,
    "drift": _drift,
}
