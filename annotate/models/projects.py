"""A project, its settings, and who belongs to it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from annotate.models.accounts import User
from annotate.models.vocabulary import Outcome, Role


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: User) -> "ProjectQuerySet":
        return self.filter(memberships__user=user, memberships__active=True)

    def training(self) -> "ProjectQuerySet":
        """Keep the projects whose heads are to be kept up to date (a paused one still learns what it has)."""
        return self.filter(archived_at=None)


class Project(models.Model):
    """One question asked of people: its material, its settings and its reward head."""

    class Outcomes(models.TextChoices):
        BINARY = "binary", "A or B"
        TIES = "ties", "A, B, tie or both bad"

    class Strategy(models.TextChoices):
        VOPT = "vopt", "V-optimal: asks what makes predictions of all pairs surest"
        DOPT = "dopt", "D-optimal: asks what makes the head's weights surest"
        UNCERTAINTY = "uncertainty", "Uncertainty: asks the closest calls, and many ties with them"
        RANDOM = "random", "Random: draws pairs by chance"
        GUMBEL = "gumbel", "Gumbel: draws by chance, useful pairs more often"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    guidelines = models.TextField(blank=True)
    guideline_version = models.PositiveIntegerField(default=1)
    outcomes = models.CharField(max_length=10, choices=Outcomes, default=Outcomes.TIES)
    overlap = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="People per learn pair.",
    )
    audit_overlap = models.PositiveSmallIntegerField(
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="People per audit pair.",
    )
    lease_seconds = models.PositiveIntegerField(default=900, validators=[MinValueValidator(10)])
    undo_seconds = models.PositiveIntegerField(default=600)
    audit_share = models.FloatField(default=0.2)
    repeat_share = models.FloatField(default=0.1)
    repeat_after = models.PositiveIntegerField(default=1000, help_text="Comparisons before repeats begin.")
    strategy = models.CharField(max_length=12, choices=Strategy, default=Strategy.VOPT)
    seed = models.PositiveIntegerField(default=0)
    style_effects = models.BooleanField(
        default=False, help_text="Fit how length and markup sway people, beside the head."
    )
    release_automatically = models.BooleanField(default=True)
    config_version = models.PositiveIntegerField(default=1)
    seconds_between_trainings = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(name="project_overlap", condition=Q(overlap__gte=1, audit_overlap__gte=1)),
            models.CheckConstraint(
                name="project_stream_shares",
                condition=Q(audit_share__gte=0, repeat_share__gte=0, audit_share__lte=1 - F("repeat_share")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def offered_outcomes(self) -> tuple[Outcome, ...]:
        binary = (Outcome.FIRST, Outcome.SECOND)
        return binary if self.outcomes == self.Outcomes.BINARY else tuple(Outcome)

    @property
    def accepts_comparisons(self) -> bool:
        return self.paused_at is None and self.archived_at is None


class Membership(models.Model):
    """One person's role in one project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    n_lent = models.PositiveIntegerField(default=0, help_text="Leases so far: the seeded coin's turn.")
    learn_place = models.BigIntegerField(default=0, help_text="Where this person's walk through the learn pairs is.")
    audit_place = models.BigIntegerField(default=0, help_text="Where this person's walk through the audit pairs is.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="membership_once", fields=["project", "user"]),
            models.CheckConstraint(name="membership_role", condition=Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} of {self.project}"

    def may(self, role: Role) -> bool:
        """Say whether this membership has the rights of `role`."""
        return self.active and role in Role(self.role).includes


class Invitation(models.Model):
    """A link by which people join a project. Only the hash of its token is stored."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    token_hash = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=10, choices=Role)
    uses_left = models.PositiveSmallIntegerField(default=1)
    expires_at = models.DateTimeField()
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"invitation to {self.project} as {self.role}"
