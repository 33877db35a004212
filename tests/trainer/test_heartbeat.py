import itertools
import threading

from trainer.heartbeat import beating

SOON, LATE = 0.01, 60.0


def test_work_that_gets_on_is_kept_alive_however_long_it_takes() -> None:
    beats, gave_up, tenth = itertools.count(1), threading.Event(), threading.Event()
    steps = itertools.count()

    def beat() -> bool:
        if next(beats) == 10:
            tenth.set()
        return True

    with beating(
        beat, progress=lambda: next(steps), give_up=gave_up.set, every_seconds=SOON, patience_seconds=SOON / 2
    ):
        assert tenth.wait(LATE)

    assert not gave_up.is_set()


def test_work_that_hangs_is_given_up_and_its_heart_stops() -> None:
    gave_up = threading.Event()
    beats: list[bool] = []

    with beating(
        lambda: not beats.append(gave_up.is_set()),
        progress=lambda: "the same",
        give_up=gave_up.set,
        every_seconds=SOON,
        patience_seconds=3 * SOON,
    ):
        assert gave_up.wait(LATE)

    assert not any(beats)


def test_work_that_ends_is_not_given_up() -> None:
    gave_up = threading.Event()

    with beating(lambda: True, progress=int, give_up=gave_up.set, every_seconds=LATE, patience_seconds=SOON):
        pass

    assert not gave_up.is_set()


def test_it_stops_when_nobody_listens_any_more() -> None:
    ended = threading.Event()
    steps = itertools.count()

    with beating(
        lambda: False,
        progress=lambda: next(steps),
        give_up=ended.clear,
        every_seconds=SOON,
        patience_seconds=LATE,
        at_end=ended.set,
    ):
        assert ended.wait(LATE)

    assert next(steps) == 2
