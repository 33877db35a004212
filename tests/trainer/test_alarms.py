import pytest

from trainer.alarms import Alarm, fit_alarms, leans

CALM: dict[str, float | int | None] = {
    "temperature": 1.1,
    "tuning_n": 600,
    "audit_n": 500,
    "audit_ece": 0.03,
    "audit_ece_by_luck": 0.06,
}


@pytest.mark.parametrize(
    ("changed", "alarms"),
    [
        ({}, []),
        ({"temperature": 1.26}, ["temperature"]),
        ({"temperature": 0.74}, ["temperature"]),
        ({"temperature": 0.74, "tuning_n": 499}, []),
        ({"audit_ece": 0.055}, []),
        ({"audit_ece": 0.07}, ["calibration"]),
        ({"audit_ece": 0.07, "audit_n": 99}, []),
        ({"audit_ece": None, "audit_ece_by_luck": None, "audit_n": 0}, []),
    ],
)
def test_an_alarm_is_raised_beyond_its_bound(changed: dict[str, float | None], alarms: list[Alarm]) -> None:
    assert fit_alarms(CALM | changed, wealth=1.0, roll_back_at=20) == alarms


def test_proof_against_the_released_head_is_an_alarm() -> None:
    assert fit_alarms(CALM, wealth=20.0, roll_back_at=20) == ["drift"]


@pytest.mark.parametrize(
    ("interval", "leaning"), [((0.12, 0.3), True), ((-0.3, -0.1), True), ((0.05, 0.3), False), ((-0.2, 0.2), False)]
)
def test_people_lean_where_the_whole_interval_is_well_off_zero(interval: tuple[float, float], leaning: bool) -> None:
    assert leans(*interval) == leaning
