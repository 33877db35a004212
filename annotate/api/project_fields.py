"""A project as it is shown to its members, and what its admins may set."""

from django.db.models import TextChoices
from rest_framework import serializers

from annotate.api.strict import StrictSerializer
from annotate.models import Project, Role
from annotate.models.projects import MOST_CRITERIA, MOST_PHRASES

LONGEST_GUIDELINES = 100_000
MOST_SECONDS = 30 * 86_400
MOST_COMPARISONS = 1_000_000_000
MOST_TRAINING_PAIRS = 1000


class State(TextChoices):
    """Whether a project lends pairs, and whether it still trains."""

    OPEN = "open"
    PAUSED = "paused"
    ARCHIVED = "archived"


class ProjectSerializer(serializers.ModelSerializer[Project]):
    """A project as its annotators see it: nothing that tells how pairs and sides are chosen."""

    role = serializers.ChoiceField(choices=Role.choices, help_text="Your role in it.")
    state = serializers.SerializerMethodField()

    class Meta:
        model = Project
        fields = [
            "slug", "name", "role", "state", "guidelines", "guideline_version", "outcomes", "criteria",
            "ranking_size", "training_pairs", "lease_seconds", "undo_seconds", "created_at", "paused_at", "archived_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_state(self, project: Project) -> State:
        if project.archived_at:
            return State.ARCHIVED
        return State.PAUSED if project.paused_at else State.OPEN


class ProjectSettingsSerializer(ProjectSerializer):
    """A project as its researchers and admins see it: with the settings of its streams and its training."""

    class Meta(ProjectSerializer.Meta):
        fields = [
            *ProjectSerializer.Meta.fields, "overlap", "audit_overlap", "audit_share", "repeat_share", "repeat_after",
            "gold_share", "leak_phrases", "mask_leaks", "strategy", "seed", "seconds_between_trainings",
            "release_automatically", "style_effects",
        ]  # fmt: skip
        read_only_fields = fields


class SettingsSerializer(StrictSerializer):
    """What an admin may set; everything but the name has a default."""

    name = serializers.CharField(max_length=120)
    guidelines = serializers.CharField(
        required=False, allow_blank=True, max_length=LONGEST_GUIDELINES, trim_whitespace=False
    )
    outcomes = serializers.ChoiceField(choices=Project.Outcomes.choices, required=False)
    overlap = serializers.IntegerField(required=False, min_value=1, max_value=100)
    audit_overlap = serializers.IntegerField(required=False, min_value=1, max_value=100)
    lease_seconds = serializers.IntegerField(required=False, min_value=10, max_value=MOST_SECONDS)
    undo_seconds = serializers.IntegerField(required=False, min_value=0, max_value=MOST_SECONDS)
    audit_share = serializers.FloatField(required=False, min_value=0, max_value=1)
    repeat_share = serializers.FloatField(required=False, min_value=0, max_value=1)
    repeat_after = serializers.IntegerField(required=False, min_value=0, max_value=MOST_COMPARISONS)
    gold_share = serializers.FloatField(required=False, min_value=0, max_value=1)
    training_pairs = serializers.IntegerField(required=False, min_value=0, max_value=MOST_TRAINING_PAIRS)
    criteria = serializers.ListField(child=serializers.CharField(), required=False, max_length=MOST_CRITERIA)
    ranking_size = serializers.IntegerField(required=False, min_value=3, max_value=7)
    leak_phrases = serializers.ListField(child=serializers.CharField(), required=False, max_length=MOST_PHRASES)
    mask_leaks = serializers.BooleanField(required=False)
    strategy = serializers.ChoiceField(choices=Project.Strategy.choices, required=False)
    release_automatically = serializers.BooleanField(required=False)
    style_effects = serializers.BooleanField(required=False)
    seconds_between_trainings = serializers.IntegerField(required=False, min_value=0, max_value=MOST_SECONDS)


class NewProjectSerializer(SettingsSerializer):
    """A new project, with its address."""

    slug = serializers.SlugField(max_length=60)


class ProjectChangeSerializer(SettingsSerializer):
    """A change, each field by itself; the address stays."""

    state = serializers.ChoiceField(choices=State.choices, required=False)
