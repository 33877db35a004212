"""Verdicts that the head, fitted without them, did not expect."""

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.generics import ListAPIView

from annotate.api.assignments import MessageSerializer
from annotate.api.filtering import NamedConditions
from annotate.api.pagination import MostSurprisingFirst
from annotate.api.permissions import Reading, caller
from annotate.models import Disagreement, Role
from annotate.models import Response as ResponseRow
from annotate.permissions import project_of
from annotate.selectors.disagreements import disagreements


class NamedResponseSerializer(serializers.ModelSerializer[ResponseRow]):
    """A response with the system that wrote it."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = ResponseRow
        fields = ["id", "text", "source"]
        read_only_fields = fields


class DisagreementSerializer(serializers.ModelSerializer[Disagreement]):
    """A surprising verdict with both texts; most surprising verdicts are no errors."""

    comparison = serializers.UUIDField(source="comparison.public_id")
    pair = serializers.UUIDField(source="comparison.assignment.pair.public_id")
    prompt = MessageSerializer(many=True, source="comparison.assignment.pair.prompt.messages")
    first = NamedResponseSerializer(source="comparison.assignment.pair.first")
    second = NamedResponseSerializer(source="comparison.assignment.pair.second")
    annotator = serializers.UUIDField(source="comparison.assignment.annotator.public_id")
    outcome = serializers.CharField(source="comparison.outcome")
    snapshot = serializers.IntegerField(source="snapshot.number")

    class Meta:
        model = Disagreement
        fields = [
            "comparison", "pair", "prompt", "first", "second", "annotator", "outcome", "p_left_out", "surprise",
            "badge", "snapshot",
        ]  # fmt: skip
        read_only_fields = fields


class DisagreementFilters(filters.FilterSet):  # type: ignore[misc]
    """The named conditions of a project's disagreements."""

    badge = filters.ChoiceFilter(choices=[choice for choice in Disagreement.Badge.choices if choice[0]])


class Disagreements(ListAPIView[Disagreement]):
    """The most surprising verdicts first, by surprise in nats; for researchers."""

    permission_classes = [Reading]
    throttle_scope = "reading"
    serializer_class = DisagreementSerializer
    pagination_class = MostSurprisingFirst
    filter_backends = [NamedConditions]
    filterset_class = DisagreementFilters
    queryset = Disagreement.objects.none()

    def get_queryset(self) -> QuerySet[Disagreement]:
        return disagreements(project_of(caller(self.request), self.kwargs["slug"], role=Role.RESEARCHER))
