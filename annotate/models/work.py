"""Work that goes on behind the pages: imports under way, runs of the trainer, and the pulse of its processes."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from annotate.models.projects import Project


class Import(models.Model):
    """An import under way, one of a project at a time; the row goes when it has come to its end.

    Its rows belong to `hold`, a project that nobody sees, until all of them are there.
    """

    class State(models.TextChoices):
        ARRIVING = "arriving", "Its rows are being written"
        WHOLE = "whole", "All are there and move into the project"
        GIVEN_UP = "given_up", "What was written is being removed"

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="import_under_way")
    hold = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="held_import")
    state = models.CharField(max_length=10, choices=State, default=State.ARRIVING)
    beat_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"import into {self.project}"


class Run(models.Model):
    """One piece of work for the trainer. `fence` grows with every claim; only the newest claim may publish."""

    class Kind(models.TextChoices):
        EMBED = "embed"
        REEMBED = "reembed"
        FIT = "fit"
        STUDY = "study"

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        PARKED = "parked"

    ACTIVE = (State.QUEUED, State.RUNNING)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    watermark = models.CharField(max_length=100)
    fence = models.PositiveIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="run_one_active",
                fields=["project", "kind"],
                condition=Q(state__in=["queued", "running"]),
            )
        ]
        indexes = [models.Index(name="run_latest", fields=["project", "kind", "-id"])]

    def __str__(self) -> str:
        return f"{self.kind} run {self.pk} of {self.project}"


class Pulse(models.Model):
    """The last sign of life of one kind of background process."""

    class Process(models.TextChoices):
        TICKER = "ticker"
        TRAINER = "trainer"

    process = models.CharField(max_length=10, choices=Process, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.process} at {self.beat_at}"
