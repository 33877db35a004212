"""The verdicts of people: a pair lent (assignment), the verdict (comparison), and what became of it (events)."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from annotate.models.accounts import User
from annotate.models.material import Pair
from annotate.models.projects import Project
from annotate.models.vocabulary import Outcome, Stream


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def live(self) -> "AssignmentQuerySet":
        """Keep the assignments that are lent at this moment by the database's clock."""
        return self.filter(closed_at=None, lease_ends_at__gt=Now())

    def expired(self) -> "AssignmentQuerySet":
        """Keep the assignments whose lease has ended without anybody having closed them."""
        return self.filter(closed_at=None, lease_ends_at__lte=Now())


class Assignment(models.Model):
    """A pair lent to an annotator until `lease_ends_at`; round 0 is the first look, 1 and on are the repeats."""

    class ClosedAs(models.TextChoices):
        COMPARED = "compared"
        SKIPPED = "skipped"
        EXPIRED = "expired"
        UNDONE = "undone"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="assignments")
    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="assignments")
    annotator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    round = models.PositiveSmallIntegerField(default=0)
    stream = models.CharField(max_length=10, choices=Stream)
    propensity = models.FloatField(null=True)
    first_on_left = models.BooleanField(null=True, help_text="Unknown for imported labels whose file does not say.")
    snapshot = models.ForeignKey("Snapshot", null=True, on_delete=models.SET_NULL, related_name="+")
    p_first = models.FloatField(null=True)
    leased_at = models.DateTimeField()
    lease_ends_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_as = models.CharField(max_length=10, choices=ClosedAs, blank=True)
    skip_reason = models.CharField(max_length=40, blank=True)
    ranking = models.ForeignKey(
        "Ranking", null=True, on_delete=models.PROTECT, related_name="assignments", help_text="Lent as part of it."
    )

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="assignment_once", fields=["pair", "annotator", "round"]),
            models.CheckConstraint(
                name="assignment_closed_as_something",
                condition=Q(closed_at=None, closed_as="") | ~Q(closed_at=None),
            ),
            models.CheckConstraint(name="assignment_stream", condition=Q(stream__in=Stream.values)),
        ]
        indexes = [
            models.Index(name="assignment_of_annotator", fields=["project", "annotator", "closed_at"]),
            models.Index(name="assignment_leases", fields=["lease_ends_at"], condition=Q(closed_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.pair} lent to {self.annotator}"


class ComparisonQuerySet(models.QuerySet["Comparison"]):
    def live(self) -> "ComparisonQuerySet":
        """Keep the comparisons that count: neither retracted nor voided."""
        return self.filter(retracted_at=None, voided_at=None)


class Comparison(models.Model):
    """An annotator's recorded verdict. Its content is never edited or deleted; the two stamps follow its events."""

    class Source(models.TextChoices):
        LIVE = "live"
        IMPORT = "import"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="comparisons")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="comparisons")
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    outcome = models.CharField(max_length=10, choices=Outcome)
    strength = models.SmallIntegerField(null=True, help_text="3 first much better ... 0 tie ... -3 second much better.")
    criteria = models.JSONField(default=dict, help_text="The outcome on each of the project's criteria.")
    ranking = models.ForeignKey("Ranking", null=True, on_delete=models.PROTECT, related_name="comparisons")
    comment = models.TextField(blank=True)
    client_key = models.UUIDField(unique=True, default=uuid4)
    shown_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)
    surplus = models.BooleanField(default=False)
    source = models.CharField(max_length=10, choices=Source, default=Source.LIVE)
    guideline_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    retracted_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="comparison_effective_once", fields=["assignment"], condition=Q(retracted_at=None)
            ),
            models.CheckConstraint(name="comparison_outcome", condition=Q(outcome__in=Outcome.values)),
            models.CheckConstraint(
                name="comparison_strength_agrees_with_outcome",
                condition=Q(strength=None)
                | Q(outcome=Outcome.FIRST, strength__gte=1, strength__lte=3)
                | Q(outcome=Outcome.SECOND, strength__gte=-3, strength__lte=-1)
                | Q(outcome=Outcome.TIE, strength=0),
            ),
        ]
        indexes = [models.Index(name="comparison_of_project", fields=["project", "id"])]

    def __str__(self) -> str:
        return f"{self.outcome} on {self.assignment.pair}"

    @property
    def undo_ends_at(self) -> datetime:
        return self.created_at + timedelta(seconds=self.project.undo_seconds)


class ComparisonEvent(models.Model):
    """Something that happened to a comparison after it was made. Append-only."""

    class Kind(models.TextChoices):
        RETRACT = "retract"
        VOID = "void"
        RESTORE = "restore"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(name="event_of_project", fields=["project", "id"])]

    def __str__(self) -> str:
        return f"{self.kind} of {self.comparison}"


class AskedAgain(models.Model):
    """A verdict that one more person is asked for blindly: one that surprised the head, or a control matched to it.

    Its slot is one of its own, beside those of the pair's overlap: `taken` while a lease or a verdict holds it.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="asked_again")
    comparison = models.OneToOneField(Comparison, on_delete=models.CASCADE, related_name="asked_again")
    pair = models.OneToOneField(Pair, on_delete=models.CASCADE, related_name="asked_again")
    control_of = models.OneToOneField("self", null=True, on_delete=models.CASCADE, related_name="control")
    p_left_out = models.FloatField(help_text="P(first preferred) by the head fitted without the comparison.")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    taken = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "asked again"
        indexes = [models.Index(name="asked_again_waiting", fields=["project"], condition=Q(taken=False))]

    def __str__(self) -> str:
        return f"{self.comparison}, asked again"


class FlagQuerySet(models.QuerySet["Flag"]):
    def in_state(self, state: "Flag.State") -> "FlagQuerySet":
        return self.filter(state.condition)


class Flag(models.Model):
    """An annotator's mark on an assignment for the project's researchers to look at; taken off, it stays on record.

    It is open until a researcher settles it; reopened, it keeps the note. `withdrawn`: its annotator took it off.
    """

    class State(models.TextChoices):
        OPEN = "open"
        SETTLED = "settled"
        WITHDRAWN = "withdrawn"

        @property
        def condition(self) -> Q:
            """What the row of a flag in this state fulfils."""
            if self == Flag.State.WITHDRAWN:
                return Q(withdrawn_at__isnull=False)
            return Q(withdrawn_at=None, settled_at__isnull=self == Flag.State.OPEN)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="flags")
    assignment = models.OneToOneField(Assignment, on_delete=models.CASCADE, related_name="flag")
    created_at = models.DateTimeField(db_default=Now())
    withdrawn_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True, default="", db_default="", help_text="Of who settled it, for researchers.")

    objects = FlagQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="flag_settled_by_somebody",
                condition=Q(settled_at=None, settled_by=None) | Q(settled_at__isnull=False, settled_by__isnull=False),
            )
        ]
        indexes = [models.Index(name="flag_open", fields=["project"], condition=Q(withdrawn_at=None, settled_at=None))]

    def __str__(self) -> str:
        return f"flag on {self.assignment}"

    @property
    def state(self) -> State:
        if self.withdrawn_at:
            return Flag.State.WITHDRAWN
        return Flag.State.SETTLED if self.settled_at else Flag.State.OPEN

    @property
    def verdict(self) -> Comparison | None:
        """The verdict on its assignment, unless it was taken back."""
        return next((one for one in self.assignment.comparisons.all() if one.retracted_at is None), None)
