"""What a snapshot's own numbers warn of. Words for people are in the page; here are the thresholds."""

from typing import Literal

Alarm = Literal["temperature", "calibration", "drift", "position"]

FAR_FROM_ONE, MIN_TUNING_LABELS = 0.25, 500  # the temperature: its standard error is about 2.6 / sqrt(n), .12 at 500
CALIBRATED, MIN_LABELS = 0.05, 100
LEAN = 0.1  # logits by which the whole interval lies off 0: a coin toss moves by 2.5 points

Number = float | int | None


def fit_alarms(metrics: dict[str, Number], wealth: float, roll_back_at: float) -> list[Alarm]:
    """Return the alarms of one fit.

    temperature: the margins are too bold or too timid by a quarter, and 500 labels or more say so. calibration: the
    audit stream's ECE is above .05 and above what luck gives true chances. drift: fresh audit labels prove the released
    head worse than the one before.
    """
    raised: dict[Alarm, bool] = {
        "temperature": _number(metrics["tuning_n"]) >= MIN_TUNING_LABELS
        and abs(_number(metrics["temperature"], 1.0) - 1) > FAR_FROM_ONE,
        "calibration": _number(metrics["audit_n"]) >= MIN_LABELS
        and _number(metrics["audit_ece"]) > max(CALIBRATED, _number(metrics["audit_ece_by_luck"])),
        "drift": wealth >= roll_back_at,
    }
    return [name for name, raise_it in raised.items() if raise_it]


def leans(low: float, high: float) -> bool:
    """Say whether people lean to a side: the whole interval of the position effect is .1 logits or more off 0."""
    return low >= LEAN or high <= -LEAN


def _number(value: Number, unknown: float = 0.0) -> float:
    return unknown if value is None else float(value)
