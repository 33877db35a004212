"""Model-human agreement, the numbers behind its page."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotate.api.permissions import Reading, caller
from annotate.models import Role
from annotate.permissions import project_of
from annotate.selectors.agreement import Agreement, Bin, Point, Score, agreement


class ScoreSerializer(serializers.Serializer[Score]):
    """How well predictions met verdicts that they had not seen; accuracy with its 95 % interval, NLL in nats."""

    n = serializers.IntegerField()
    accuracy = serializers.FloatField()
    accuracy_low = serializers.FloatField()
    accuracy_high = serializers.FloatField()
    nll = serializers.FloatField()
    ece = serializers.FloatField(allow_null=True)
    brier = serializers.FloatField(allow_null=True)


class BinSerializer(serializers.Serializer[Bin]):
    """One bin of the reliability diagram."""

    n = serializers.IntegerField()
    predicted = serializers.FloatField()
    observed = serializers.FloatField()


class PointSerializer(serializers.Serializer[Point]):
    """Agreement as one snapshot reported it."""

    snapshot = serializers.IntegerField()
    n_comparisons = serializers.IntegerField()
    audit = ScoreSerializer(allow_null=True)
    left_out = ScoreSerializer(allow_null=True)


class AgreementSerializer(serializers.Serializer[Agreement]):
    """The audit stream is the headline; `left_out` covers pairs that the model chose and is not unbiased."""

    audit = ScoreSerializer(allow_null=True)
    left_out = ScoreSerializer(allow_null=True)
    bins = BinSerializer(many=True)
    curve = PointSerializer(many=True)


class AgreementDetail(APIView):
    """Agreement of the live head with people."""

    permission_classes = [Reading]
    throttle_scope = "reading"

    @extend_schema(responses=AgreementSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Read the newest agreement, its reliability bins and its history; for researchers."""
        return Response(AgreementSerializer(agreement(project_of(caller(request), slug, role=Role.RESEARCHER))).data)
