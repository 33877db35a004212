"""Are the background processes alive? Read from their pulses in the database: a page never asks the broker.

Pulses are stamped by the database's clock and compared with it: the clocks of other machines may differ.
"""

from datetime import UTC, datetime, timedelta

from django.db.models.functions import Now

from annotate.models import Pulse

SILENT_AFTER = timedelta(seconds=15)
NEVER = datetime.min.replace(tzinfo=UTC)


def training_paused_since() -> datetime | None:
    """Return the last sign of life of the process that has been silent longest, or None while all are alive.

    A pulse that never came counts as silent since the oldest moment there is.
    """
    beats = list(Pulse.objects.annotate(now=Now()).values_list("beat_at", "now"))
    if len(beats) < len(Pulse.Process):
        return NEVER
    oldest, now = min(beats)
    return oldest if oldest < now - SILENT_AFTER else None


def is_alive(process: Pulse.Process) -> bool:
    """Say whether the process has shown a sign of life lately."""
    return Pulse.objects.filter(process=process, beat_at__gte=Now() - SILENT_AFTER).exists()


def beat_since(process: Pulse.Process, moment: datetime) -> bool:
    """Say whether the process has shown a sign of life after `moment`."""
    return Pulse.objects.filter(process=process, beat_at__gt=moment).exists()
