"""Model-human agreement, the numbers behind its page."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotate.api.permissions import Reading, caller
from annotate.models import Role
from annotate.permissions import project_of
from annotate.selectors.agreement import Agreement, Bin, Ceiling, Point, Score, agreement
from annotate.selectors.studies import Effect, Findings, Flips, Helping, Interval, Lapse, Rate, Slice


class ScoreSerializer(serializers.Serializer[Score]):
    """How well predictions met verdicts that they had not seen; accuracy with its 95 % interval, NLL in nats."""

    n = serializers.IntegerField()
    accuracy = serializers.FloatField()
    accuracy_low = serializers.FloatField()
    accuracy_high = serializers.FloatField()
    nll = serializers.FloatField()
    nll_low = serializers.FloatField(allow_null=True)
    nll_high = serializers.FloatField(allow_null=True)
    anytime_low = serializers.FloatField(allow_null=True, help_text="Holds however often one looks.")
    anytime_high = serializers.FloatField(allow_null=True)
    ece = serializers.FloatField(allow_null=True)
    ece_by_luck = serializers.FloatField(allow_null=True, help_text="What true chances stay below, 19 times in 20.")
    brier = serializers.FloatField(allow_null=True)


class CeilingSerializer(serializers.Serializer[Ceiling]):
    """How often two people agreed on random pairs, and the accuracy that leaves to a perfect head."""

    n = serializers.IntegerField()
    agreement = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class IntervalSerializer(serializers.Serializer[Interval]):
    """An estimate with its 95 % interval."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class EffectSerializer(serializers.Serializer[Effect]):
    """By how many logits one unit of something moves a verdict."""

    name = serializers.CharField()
    logits = IntervalSerializer()


class LapseSerializer(serializers.Serializer[Lapse]):
    """How often a person answers without looking."""

    annotator = serializers.UUIDField(source="annotator.public_id")
    n = serializers.IntegerField()
    rate = IntervalSerializer()


class HelpingSerializer(serializers.Serializer[Helping]):
    """What chosen labels gain over as many random ones; negative where they lose."""

    n_trained = serializers.IntegerField()
    n_scored = serializers.IntegerField()
    nll = IntervalSerializer()
    accuracy = IntervalSerializer()


class RateSerializer(serializers.Serializer[Rate]):
    """A share of n."""

    n = serializers.IntegerField()
    share = IntervalSerializer()


class FlipsSerializer(serializers.Serializer[Flips]):
    """How often the next person contradicted surprising verdicts, and matched ones that did not surprise."""

    surprising = RateSerializer()
    controls = RateSerializer(allow_null=True)


class SliceSerializer(serializers.Serializer[Slice]):
    """Audit accuracy of one slice."""

    name = serializers.CharField()
    n = serializers.IntegerField()
    accuracy = IntervalSerializer()


class FindingsSerializer(serializers.Serializer[Findings]):
    """The newest study."""

    snapshot = serializers.IntegerField()
    n = serializers.IntegerField()
    made_at = serializers.DateTimeField()
    position = EffectSerializer()
    style = EffectSerializer(many=True)
    lapses = LapseSerializer(many=True)
    helping = HelpingSerializer(allow_null=True)
    flips = FlipsSerializer(allow_null=True)
    slices = SliceSerializer(many=True)


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
    """The audit stream is the headline; `left_out` covers pairs that the model chose and is not unbiased.

    `audit` and the slices count the first verdict on each audit pair, predicted before anybody had judged the pair.
    """

    audit = ScoreSerializer(allow_null=True)
    left_out = ScoreSerializer(allow_null=True)
    ceiling = CeilingSerializer(allow_null=True)
    bins = BinSerializer(many=True)
    curve = PointSerializer(many=True)
    findings = FindingsSerializer(allow_null=True)


class AgreementDetail(APIView):
    """Agreement of the live head with people."""

    permission_classes = [Reading]
    throttle_scope = "reading"

    @extend_schema(responses=AgreementSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Read the newest agreement, its reliability bins and its history; for researchers."""
        return Response(AgreementSerializer(agreement(project_of(caller(request), slug, role=Role.RESEARCHER))).data)
