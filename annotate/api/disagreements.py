"""Verdicts that the head, fitted without them, did not expect, and asking again about them."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotate.api.assignments import MessageSerializer
from annotate.api.filtering import NamedConditions
from annotate.api.pagination import MostSurprisingFirst
from annotate.api.permissions import Managing, Reading, caller
from annotate.api.strict import StrictSerializer
from annotate.models import Disagreement, Project, Role
from annotate.models import Response as ResponseRow
from annotate.permissions import project_of
from annotate.selectors.annotators import Share
from annotate.selectors.asked_again import Answers, Flips, flips_of_asked
from annotate.selectors.disagreements import Moved, disagreements, moved
from annotate.services.asking_again import MOST_AT_ONCE, ask_again


class NamedResponseSerializer(serializers.ModelSerializer[ResponseRow]):
    """A response with the system that wrote it."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = ResponseRow
        fields = ["id", "text", "source"]
        read_only_fields = fields


class MovedSerializer(serializers.Serializer[Moved]):
    """A verdict that moved what the head expected."""

    comparison = serializers.UUIDField(source="comparison.public_id")
    pair = serializers.UUIDField(source="comparison.assignment.pair.public_id")
    annotator = serializers.UUIDField(source="comparison.assignment.annotator.public_id")
    outcome = serializers.CharField(source="comparison.outcome")
    logits = serializers.FloatField(help_text="By how much it moved the margin toward the side that was expected.")


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
    support = serializers.SerializerMethodField(help_text="What most pushed toward what was expected, strongest first.")
    oppose = serializers.SerializerMethodField(help_text="What most pushed away from it, strongest first.")

    class Meta:
        model = Disagreement
        fields = [
            "comparison", "pair", "prompt", "first", "second", "annotator", "outcome", "p_left_out", "surprise",
            "badge", "snapshot", "support", "oppose",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(MovedSerializer(many=True))
    def get_support(self, row: Disagreement) -> list[dict[str, Any]]:
        return MovedSerializer([one for one in self._moved(row) if one.supports], many=True).data

    @extend_schema_field(MovedSerializer(many=True))
    def get_oppose(self, row: Disagreement) -> list[dict[str, Any]]:
        return MovedSerializer([one for one in reversed(self._moved(row)) if not one.supports], many=True).data

    def _moved(self, row: Disagreement) -> list[Moved]:
        found: dict[int, list[Moved]] = self.context["moved"]
        return found[row.pk]


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

    def paginate_queryset(self, queryset: QuerySet[Disagreement] | Sequence[Any]) -> Sequence[Any] | None:
        """Read what moved the rows of the page, in one query."""
        page = super().paginate_queryset(queryset)
        self.moved = moved(list(page or []))
        return page

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "moved": getattr(self, "moved", {})}

    def get_queryset(self) -> QuerySet[Disagreement]:
        return disagreements(project_of(caller(self.request), self.kwargs["slug"], role=Role.RESEARCHER))


class ContradictedSerializer(serializers.Serializer[Share]):
    """A share of n with its 95 % interval (Wilson 1927); null where n is 0."""

    n = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class AnswersSerializer(serializers.Serializer[Answers]):
    """Verdicts that were asked again, and how many of the decisive answers contradicted them."""

    n_asked = serializers.IntegerField()
    n_answered = serializers.IntegerField()
    contradicted = ContradictedSerializer()


class AskedAgainSerializer(serializers.Serializer[Flips]):
    """Surprising verdicts and the controls among them; null before anything was asked again."""

    surprising = AnswersSerializer(allow_null=True)
    controls = AnswersSerializer(allow_null=True)


class AskAgainSerializer(StrictSerializer):
    """Either comparisons by their ids, or how many of the most surprising."""

    comparisons = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=MOST_AT_ONCE)
    top = serializers.IntegerField(required=False, min_value=1, max_value=MOST_AT_ONCE)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("comparisons" in attrs) == ("top" in attrs):
            raise serializers.ValidationError("Send either comparisons or top.")
        return attrs


class AskedAgain(APIView):
    """Verdicts that one more person is asked for."""

    permission_classes = [Managing]
    throttle_scope = "managing"

    @extend_schema(responses=AskedAgainSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Read how often blind answers contradicted surprising verdicts, and their controls; for researchers."""
        return _flips(project_of(caller(request), slug, role=Role.RESEARCHER))

    @extend_schema(request=AskAgainSerializer, responses={201: AskedAgainSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Have one more person judge pairs of disagreements, blindly, among matched controls; for researchers."""
        project = project_of(caller(request), slug, role=Role.RESEARCHER)
        sent = AskAgainSerializer.read(request.data)
        ask_again(project=project, by=caller(request), chosen=sent.get("comparisons", ()), top=sent.get("top", 0))
        return _flips(project, status=201)


def _flips(project: Project, status: int = 200) -> Response:
    flips = flips_of_asked(project)
    empty = {"surprising": None, "controls": None}
    return Response(AskedAgainSerializer(flips).data if flips else empty, status=status)
