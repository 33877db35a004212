"""Are the background processes alive? Read from their pulses in the database: a page never asks the broker."""

from datetime import datetime, timedelta

from django.utils import timezone

from annotate.models import Pulse

SILENT_AFTER = timedelta(seconds=15)


def training_paused_since() -> datetime | None:
    """Return the last sign of life of the process that has been silent longest, or None while all are alive.

    A pulse that never came counts as silent since the oldest moment there is.
    """
    beats = dict(Pulse.objects.values_list("process", "beat_at"))
    oldest = min(beats.get(process, datetime.min.replace(tzinfo=timezone.now().tzinfo)) for process in Pulse.Process)
    return oldest if oldest < timezone.now() - SILENT_AFTER else None


def beat_since(process: Pulse.Process, moment: datetime) -> bool:
    """Say whether the process has shown a sign of life after `moment`."""
    return Pulse.objects.filter(process=process, beat_at__gt=moment).exists()
