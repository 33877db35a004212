"""A comparison as its annotator sees it (left and right, blind) and as researchers do (as stored, with its context)."""

from datetime import datetime

from rest_framework import serializers

from annotate.api.strict import StrictSerializer
from annotate.models import Comparison, Outcome
from annotate.services.assigning import MOST_AT_ONCE
from annotate.services.comparing import LONGEST_COMMENT
from annotate.sides import Choice, as_shown, turned


class VerdictSerializer(StrictSerializer):
    """A verdict. `client_key` is made by the client, one for each verdict, and makes sending it again harmless."""

    client_key = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=Choice.choices)
    strength = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=-3,
        max_value=3,
        help_text="3: left is much better, 2 clearly, 1 slightly, 0 a tie, ... -3: right is much better.",
    )
    criteria = serializers.DictField(
        child=serializers.ChoiceField(choices=Choice.choices), required=False, default=dict
    )
    comment = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=LONGEST_COMMENT, trim_whitespace=False
    )
    shown_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    decided_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    lease = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=MOST_AT_ONCE,
        help_text="Answer with the next pairs as well: lend until this many are held.",
    )


class OwnComparisonSerializer(serializers.ModelSerializer[Comparison]):
    """One's own verdict, in the words of what one saw."""

    id = serializers.UUIDField(source="public_id")
    project = serializers.SlugField(source="project.slug")
    assignment = serializers.UUIDField(source="assignment.public_id")
    ranking = serializers.UUIDField(source="ranking.public_id", default=None, allow_null=True)
    outcome = serializers.SerializerMethodField()
    strength = serializers.SerializerMethodField(help_text="Towards the left; null where none was given.")
    criteria = serializers.SerializerMethodField()
    undo_ends_at = serializers.SerializerMethodField()

    class Meta:
        model = Comparison
        fields = [
            "id", "project", "assignment", "ranking", "outcome", "strength", "criteria", "comment", "shown_at",
            "decided_at", "created_at", "undo_ends_at", "retracted_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_outcome(self, comparison: Comparison) -> Choice:
        return as_shown(Outcome(comparison.outcome), first_on_left=comparison.assignment.first_on_left)

    def get_strength(self, comparison: Comparison) -> int | None:
        return turned(comparison.strength, first_on_left=comparison.assignment.first_on_left)

    def get_criteria(self, comparison: Comparison) -> dict[str, Choice]:
        on_left = comparison.assignment.first_on_left
        said = comparison.criteria.items()
        return {name: as_shown(Outcome(outcome), first_on_left=on_left) for name, outcome in said}

    def get_undo_ends_at(self, comparison: Comparison) -> datetime:
        return comparison.undo_ends_at


class ComparisonSerializer(serializers.ModelSerializer[Comparison]):
    """A verdict as it is stored, with what was known when the pair was shown."""

    id = serializers.UUIDField(source="public_id")
    pair = serializers.UUIDField(source="assignment.pair.public_id")
    ranking = serializers.UUIDField(source="ranking.public_id", default=None, allow_null=True)
    first = serializers.UUIDField(source="assignment.pair.first.public_id")
    second = serializers.UUIDField(source="assignment.pair.second.public_id")
    first_source = serializers.CharField(source="assignment.pair.first.source")
    second_source = serializers.CharField(source="assignment.pair.second.source")
    first_on_left = serializers.BooleanField(source="assignment.first_on_left", allow_null=True)
    annotator = serializers.UUIDField(source="assignment.annotator.public_id")
    round = serializers.IntegerField(source="assignment.round")
    stream = serializers.CharField(source="assignment.stream")
    propensity = serializers.FloatField(source="assignment.propensity", allow_null=True)
    snapshot = serializers.IntegerField(source="assignment.snapshot.number", allow_null=True, default=None)
    p_first_when_shown = serializers.FloatField(
        source="assignment.p_first",
        allow_null=True,
        help_text="By a head that may have learnt from earlier verdicts on the pair: score the first one alone.",
    )
    leased_at = serializers.DateTimeField(source="assignment.leased_at")

    class Meta:
        model = Comparison
        fields = [
            "id", "pair", "ranking", "first", "second", "first_source", "second_source", "first_on_left", "outcome",
            "strength", "criteria", "comment", "annotator", "round", "stream", "propensity", "snapshot",
            "p_first_when_shown", "source", "surplus", "guideline_version", "leased_at", "shown_at", "decided_at",
            "seconds", "created_at", "retracted_at", "voided_at",
        ]  # fmt: skip
        read_only_fields = fields
