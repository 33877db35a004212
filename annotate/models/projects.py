"""A project, its settings, and who belongs to it."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from annotate.models.accounts import User
from annotate.models.vocabulary import Outcome, Role

MOST_CRITERIA = 6
MOST_PHRASES = 200
NAMES_OF_SYSTEMS = ("Claude", "ChatGPT", "GPT-4", "Gemini", "Bard", "Llama", "Mistral", "Grok", "Qwen", "DeepSeek")
MAKERS = ("OpenAI", "Anthropic", "Google", "Meta", "Mistral AI", "xAI", "Alibaba Cloud", "DeepSeek")


def default_leak_phrases() -> list[str]:
    """Return the phrases by which systems commonly name themselves."""
    named = [f"{words} {name}" for name in NAMES_OF_SYSTEMS for words in ("As", "I'm", "I am", "My name is")]
    return named + [f"{made} by {maker}" for maker in MAKERS for made in ("developed", "created", "trained", "made")]


def check_criteria(criteria: object) -> None:
    """Raise ValidationError unless it is a list of at most MOST_CRITERIA different short names."""
    _check_names(criteria, "criteria", at_most=MOST_CRITERIA, n_chars=40)
    if isinstance(criteria, list) and any(name.strip().casefold() == "overall" for name in criteria):
        raise ValidationError("The verdict itself is the overall one and comes last. Leave it out of the criteria.")


def check_leak_phrases(phrases: object) -> None:
    """Raise ValidationError unless it is a list of at most MOST_PHRASES different phrases."""
    _check_names(phrases, "phrases", at_most=MOST_PHRASES, n_chars=100)


def _check_names(names: object, what: str, *, at_most: int, n_chars: int) -> None:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValidationError(f"The {what} are not a list of texts. Write one on each line.")
    if len(names) > at_most:
        raise ValidationError(f"There are {len(names)} {what}; at most {at_most} are possible. Remove some.")
    if any(not name.strip() or len(name) > n_chars or not name.isprintable() for name in names):
        raise ValidationError(f"Each of the {what} is a visible text of at most {n_chars} characters. Change it.")
    if len({name.strip().casefold() for name in names}) < len(names):
        raise ValidationError(f"Two of the {what} are the same. Remove one of them.")


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
        STRENGTH5 = "strength5", "A or B, much or slightly better; tie or both bad"
        STRENGTH7 = "strength7", "A or B, much, clearly or slightly better; tie or both bad"
        RANKING = "ranking", "The order of several responses at once, ties allowed"

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
    criteria = models.JSONField(default=list, blank=True, validators=[check_criteria])
    ranking_size = models.PositiveSmallIntegerField(
        default=4, validators=[MinValueValidator(3), MaxValueValidator(7)], help_text="Responses ranked at once."
    )
    gold_share = models.FloatField(default=0.0)
    training_pairs = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(1000)],
        help_text="Gold pairs that each annotator judges rightly, with feedback, before live work.",
    )
    leak_phrases = models.JSONField(default=default_leak_phrases, blank=True, validators=[check_leak_phrases])
    mask_leaks = models.BooleanField(default=True)
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
    encoder = models.JSONField(default=dict, blank=True, help_text="Settings of the encoder in use; {} is the default.")
    encoder_key = models.CharField(max_length=64, blank=True, help_text="Of its embeddings; empty before the first.")
    next_encoder = models.JSONField(null=True, blank=True, help_text="Settings of the encoder that is to replace it.")
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
                condition=Q(
                    audit_share__gte=0,
                    repeat_share__gte=0,
                    gold_share__gte=0,
                    audit_share__lte=1 - F("repeat_share") - F("gold_share"),
                ),
            ),
            models.CheckConstraint(name="project_ranking_size", condition=Q(ranking_size__gte=3, ranking_size__lte=7)),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raise ValidationError for settings that a ranking project would have no use for."""
        idle = {
            "the share of repeats": self.repeat_share,
            "the share of gold pairs": self.gold_share,
            "the practice pairs to pass": self.training_pairs,
        }
        unused = [f"Set {name} to 0." for name, value in idle.items() if value]
        unused += ["Remove the criteria."] if self.criteria else []
        if self.asks_for_rankings and unused:
            raise ValidationError(f"Rankings have no repeats, gold pairs, practice or criteria. {' '.join(unused)}")

    @property
    def offered_strengths(self) -> tuple[int, ...]:
        """Return how much better one response may be called: 1 slightly, 2 clearly, 3 much; none without a scale."""
        scales: dict[str, tuple[int, ...]] = {self.Outcomes.STRENGTH5: (1, 3), self.Outcomes.STRENGTH7: (1, 2, 3)}
        return scales.get(self.outcomes, ())

    @property
    def fit_scale(self) -> str:
        """Return the trainer's scale of the outcomes; the pairs of a ranking may be ties."""
        return self.Outcomes.TIES if self.asks_for_rankings else self.outcomes

    @property
    def offered_outcomes(self) -> tuple[Outcome, ...]:
        binary = (Outcome.FIRST, Outcome.SECOND)
        return binary if self.outcomes == self.Outcomes.BINARY else tuple(Outcome)

    @property
    def asks(self) -> str:
        """Return what annotators are asked: a page that shows something else is of before a change."""
        return " | ".join([self.outcomes, *self.criteria])

    @property
    def accepts_comparisons(self) -> bool:
        return self.paused_at is None and self.archived_at is None

    @property
    def asks_for_rankings(self) -> bool:
        return self.outcomes == self.Outcomes.RANKING


class AskedBefore(models.Model):
    """What a project asked until it was changed: a verdict on a pair that was lent before may still say it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="asked_before")
    outcomes = models.CharField(max_length=10, choices=Project.Outcomes)
    criteria = models.JSONField()
    until = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "asked before"

    def __str__(self) -> str:
        return f"{self.outcomes} in {self.project} until {self.until}"

    def as_project(self) -> Project:
        """Return a project that asks this, to hold a verdict against; it is not stored."""
        return Project(outcomes=self.outcomes, criteria=self.criteria)


class GuidelineVersion(models.Model):
    """The guidelines of a project as they stood from `created_at` to the next version. Append-only."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="guideline_versions")
    number = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(name="guideline_version_once", fields=["project", "number"])]

    def __str__(self) -> str:
        return f"guidelines {self.number} of {self.project}"


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
    guidelines_read = models.PositiveIntegerField(default=0, help_text="The newest guideline version they have read.")
    trained_at = models.DateTimeField(null=True, help_text="When they passed the training round.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="membership_once", fields=["project", "user"]),
            models.CheckConstraint(name="membership_role", condition=Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} of {self.project}"

    @property
    def has_guidelines_to_read(self) -> bool:
        """Say whether the project's guidelines have changed since this person read them; the project is loaded."""
        return bool(self.project.guidelines.strip()) and self.guidelines_read < self.project.guideline_version

    @property
    def in_training(self) -> bool:
        """Say whether this person is still to pass the training round; the project is loaded."""
        return self.project.training_pairs > 0 and self.trained_at is None

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
