"""Each program is asked for a real answer; who gives none is named, and asking never takes long."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from annotate.models import Pulse
from annotate.services.training import record_pulse
from annotate.supervisor.readiness import Readiness, pulse_came, redis_answers, web_answers
from tests.servers import free_port, private_redis


@pytest.mark.processes
def test_a_running_redis_answers_at_the_address_that_celery_uses(tmp_path: Path) -> None:
    with private_redis(tmp_path) as url:
        assert redis_answers(url)

    assert not redis_answers(url)


def test_a_broker_that_accepts_and_never_answers_is_not_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        assert not redis_answers(f"redis://127.0.0.1:{mute.getsockname()[1]}/0")


def test_a_port_where_nobody_listens_is_no_web_server() -> None:
    assert not web_answers(free_port())


@pytest.mark.django_db
def test_a_pulse_counts_only_if_it_came_since_the_start() -> None:
    record_pulse(Pulse.Process.TRAINER)

    assert pulse_came(Pulse.Process.TRAINER, timezone.now() - timedelta(minutes=1))
    assert not pulse_came(Pulse.Process.TRAINER, timezone.now() + timedelta(minutes=1))
    assert not pulse_came(Pulse.Process.TICKER, timezone.now() - timedelta(minutes=1))


def test_whoever_is_missing_when_patience_is_over_is_named() -> None:
    readiness = Readiness({"web": lambda: True, "trainer": lambda: False}, patience_seconds=0)

    assert not readiness.reached()
    assert readiness.over()
    assert readiness.complaint() == "Not ready after 0 s: no answer from trainer. The lines above may say why."
