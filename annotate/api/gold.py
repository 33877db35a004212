"""Gold pairs: read, set and clear their known answers; for admins. Nothing here is for annotators."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotate.api.assignments import MessageSerializer
from annotate.api.disagreements import NamedResponseSerializer
from annotate.api.permissions import Managing, caller
from annotate.api.strict import StrictSerializer
from annotate.models import Outcome, Pair, Project, Role
from annotate.permissions import project_of
from annotate.selectors.gold import gold_pairs
from annotate.services.errors import NotFound
from annotate.services.gold import LONGEST_NOTE, clear_gold, set_gold


class GoldPairSerializer(serializers.ModelSerializer[Pair]):
    """A pair with its known answer, in stored order, and how it was answered as gold or in practice."""

    pair = serializers.UUIDField(source="public_id")
    prompt = MessageSerializer(many=True, source="prompt.messages")
    first = NamedResponseSerializer()
    second = NamedResponseSerializer()
    outcome = serializers.ChoiceField(choices=Outcome.choices, source="gold_outcome")
    note = serializers.CharField(source="gold_note")
    n_answered = serializers.IntegerField()
    n_right = serializers.IntegerField()

    class Meta:
        model = Pair
        fields = ["pair", "prompt", "first", "second", "outcome", "note", "n_answered", "n_right"]
        read_only_fields = fields


class PairSerializer(StrictSerializer):
    """A pair of the project by its id."""

    pair = serializers.UUIDField()


class GoldAnswerSerializer(PairSerializer):
    """The known answer of a pair; `note` says why, and practice shows it."""

    outcome = serializers.ChoiceField(choices=Outcome.choices)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=LONGEST_NOTE)


class GoldPairs(ListAPIView[Pair]):
    """The pairs whose answer is known."""

    permission_classes = [Managing]
    throttle_scope = "managing"
    serializer_class = GoldPairSerializer
    queryset = Pair.objects.none()

    def get_queryset(self) -> QuerySet[Pair]:
        return gold_pairs(project_of(caller(self.request), self.kwargs["slug"], role=Role.ADMIN))

    @extend_schema(request=GoldAnswerSerializer, responses=GoldPairSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Make a pair gold, or give a gold pair another answer; nobody is lent it for a slot any more."""
        project = project_of(caller(request), slug, role=Role.ADMIN)
        sent = GoldAnswerSerializer.read(request.data)
        pair = _pair(project, sent)
        set_gold(pair=pair, outcome=Outcome(sent["outcome"]), by=caller(request), note=sent["note"])
        return Response(GoldPairSerializer(gold_pairs(project).get(pk=pair.pk)).data)


class ClearGold(APIView):
    """A gold pair that is to be an ordinary one again."""

    permission_classes = [Managing]
    throttle_scope = "managing"

    @extend_schema(request=PairSerializer, responses={204: None})
    def post(self, request: Request, slug: str) -> Response:
        """Clear the answer of a gold pair; a pair without one stays as it is."""
        project = project_of(caller(request), slug, role=Role.ADMIN)
        clear_gold(pair=_pair(project, PairSerializer.read(request.data)), by=caller(request))
        return Response(status=204)


def _pair(project: Project, sent: dict[str, object]) -> Pair:
    pair = Pair.objects.select_related("project").filter(project=project, public_id=sent["pair"]).first()
    if pair is None:
        raise NotFound("There is no such pair in this project. GET .../comparisons/ names those that were judged.")
    return pair
