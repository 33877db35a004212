"""Signs of life of the background processes."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from annotate.models import Pulse
from annotate.selectors.liveness import NEVER, is_alive, training_paused_since
from annotate.services.training import record_pulse

pytestmark = pytest.mark.django_db

TICKER, TRAINER = Pulse.Process.TICKER, Pulse.Process.TRAINER


def fall_silent(process: Pulse.Process, *, seconds: int) -> Pulse:
    Pulse.objects.filter(process=process).update(beat_at=Now() - timedelta(seconds=seconds))
    return Pulse.objects.get(process=process)


def test_training_goes_on_while_both_processes_beat() -> None:
    record_pulse(TICKER)
    record_pulse(TRAINER)

    assert training_paused_since() is None
    assert is_alive(TICKER)
    assert is_alive(TRAINER)


def test_training_is_paused_since_the_last_beat_of_who_has_been_silent_longest() -> None:
    record_pulse(TICKER)
    record_pulse(TRAINER)
    fall_silent(TICKER, seconds=20)
    longest = fall_silent(TRAINER, seconds=30)

    assert training_paused_since() == longest.beat_at
    assert not is_alive(TRAINER)


def test_a_short_silence_is_no_pause() -> None:
    record_pulse(TICKER)
    record_pulse(TRAINER)
    fall_silent(TRAINER, seconds=10)

    assert training_paused_since() is None


def test_training_that_never_began_is_paused_since_ever() -> None:
    record_pulse(TICKER)

    assert training_paused_since() == NEVER
    assert not is_alive(TRAINER)
