"""Rankings: several responses lent to the caller at once, to put in order, to give back, to undo. Nothing unblinds."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotate.api.assignments import MessageSerializer, ShownResponseSerializer, SkipSerializer, shown
from annotate.api.errors import RefusalSerializer
from annotate.api.permissions import Judging, caller
from annotate.api.strict import StrictSerializer
from annotate.models import Ranking, User
from annotate.models import Response as ResponseRow
from annotate.permissions import project_of
from annotate.selectors.lineups import own_ranking as read_own
from annotate.selectors.lineups import responses_of
from annotate.selectors.waiting import Reason, waiting
from annotate.services.assigning import MOST_AT_ONCE
from annotate.services.comparing import LONGEST_COMMENT, Timing
from annotate.services.errors import AlreadyCompared, InvalidInput, NotFound
from annotate.services.ranking import lease_rankings, record_ranking, retract_ranking, skip_ranking

MOST_RESPONSES = 7
ORDER_HELP = "Ids of the responses in tiers, best first; those in one tier are equals."


class LentRankingSerializer(serializers.Serializer[Ranking]):
    """A lineup lent to the caller: the prompt, and its responses in the order in which they must be shown."""

    id = serializers.UUIDField(source="public_id")
    prompt = MessageSerializer(many=True, source="prompt.messages")
    responses = serializers.SerializerMethodField()
    lease_ends_at = serializers.DateTimeField()

    @extend_schema_field(ShownResponseSerializer(many=True))
    def get_responses(self, ranking: Ranking) -> list[dict[str, Any]]:
        return [shown(self.context["responses"][response], ranking.project) for response in ranking.lineup]


class RankingLeaseSerializer(serializers.Serializer[Any]):
    """What is lent now; where there is nothing, why, and the seconds after which to ask again (null: no telling)."""

    rankings = LentRankingSerializer(many=True)
    reason = serializers.ChoiceField(choices=[str(reason) for reason in Reason], allow_null=True)
    retry_after_seconds = serializers.IntegerField(allow_null=True)


class RankingLeaseRequestSerializer(StrictSerializer):
    n = serializers.IntegerField(default=1, min_value=1, max_value=MOST_AT_ONCE, help_text="Lineups to hold at once.")


class OrderSerializer(StrictSerializer):
    """An order of the lineup. `client_key` is made by the client, one for each order: sending it again is harmless."""

    client_key = serializers.UUIDField()
    order = serializers.ListField(
        child=serializers.ListField(child=serializers.UUIDField(), max_length=MOST_RESPONSES),
        max_length=MOST_RESPONSES,
        help_text=ORDER_HELP,
    )
    comment = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=LONGEST_COMMENT, trim_whitespace=False
    )
    shown_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    decided_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class OwnRankingSerializer(serializers.Serializer[Ranking]):
    """One's own order of a lineup."""

    id = serializers.UUIDField(source="public_id")
    project = serializers.SlugField(source="project.slug")
    order = serializers.SerializerMethodField(help_text=ORDER_HELP)
    comment = serializers.CharField()
    ranked_at = serializers.DateTimeField()
    undo_ends_at = serializers.DateTimeField()
    retracted_at = serializers.DateTimeField(allow_null=True)

    def get_order(self, ranking: Ranking) -> list[list[UUID]]:
        return _named(ranking)


class Rankings(APIView):
    """The lineups that the caller holds."""

    permission_classes = [Judging]
    throttle_scope = "judging"

    @extend_schema(
        request=RankingLeaseRequestSerializer, responses={201: RankingLeaseSerializer, 200: RankingLeaseSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Lend the caller lineups until they hold `n`, no two of them with the same pair.

        201 with what they hold now, the oldest first; 200 with an empty list and a reason where nothing can be lent.
        """
        project = project_of(caller(request), slug)
        sent = RankingLeaseRequestSerializer.read(request.data)
        held = lease_rankings(project=project, annotator=caller(request), n=sent["n"])[: sent["n"]]
        wait = None if held else waiting(project, caller(request))
        lease = {
            "rankings": held,
            "reason": wait and wait.reason,
            "retry_after_seconds": wait and wait.retry_after_seconds,
        }
        written = RankingLeaseSerializer(lease, context={"responses": responses_of(held)})
        return Response(written.data, status=201 if held else 200)


class Order(APIView):
    """The order of a lineup that was lent."""

    permission_classes = [Judging]
    throttle_scope = "judging"

    @extend_schema(
        request=OrderSerializer,
        responses={
            201: OwnRankingSerializer,
            200: OwnRankingSerializer,
            409: RefusalSerializer,
            422: RefusalSerializer,
        },
    )
    def post(self, request: Request, ranking_id: UUID) -> Response:
        """Store an order with the comparison of each pair.

        201 when it is stored; the same key and body again: 200 with the first one; the same key with another body: 422;
        another key where the lineup is ranked already: 409, with the stored order in `details`.
        """
        ranking = _own_ranking(caller(request), ranking_id)
        sent = OrderSerializer.read(request.data)
        try:
            stored, is_new = record_ranking(
                ranking=ranking,
                tiers=_tiers(ranking, sent["order"]),
                client_key=sent["client_key"],
                by=caller(request),
                comment=sent["comment"],
                timing=Timing(sent["shown_at"], sent["decided_at"]),
            )
        except AlreadyCompared as refusal:
            ranking.refresh_from_db()
            raise AlreadyCompared(refusal.message, order=_named(ranking)) from None
        return Response(OwnRankingSerializer(stored).data, status=201 if is_new else 200)


class SkipRanking(APIView):
    """Giving a lineup back."""

    permission_classes = [Judging]
    throttle_scope = "judging"

    @extend_schema(request=SkipSerializer, responses={204: None, 409: RefusalSerializer})
    def post(self, request: Request, ranking_id: UUID) -> Response:
        """Close a ranking without an order; its pairs go to somebody else. 409 if it was closed before."""
        ranking = _own_ranking(caller(request), ranking_id)
        sent = SkipSerializer.read(request.data)
        skip_ranking(ranking=ranking, reason=sent["reason"], by=caller(request))
        return Response(status=204)


class RetractRanking(APIView):
    """Undo."""

    permission_classes = [Judging]
    throttle_scope = "judging"

    @extend_schema(request=None, responses={200: OwnRankingSerializer, 409: RefusalSerializer})
    def post(self, request: Request, ranking_id: UUID) -> Response:
        """Take an order of one's own back inside the project's window; asked again, it is answered alike.

        409 when it was never ranked, when the window has closed, when it was voided, or when it was judged anew since.
        """
        ranking = _own_ranking(caller(request), ranking_id)
        StrictSerializer.read(request.data)
        retract_ranking(ranking=ranking, by=caller(request))
        ranking.refresh_from_db()
        return Response(OwnRankingSerializer(ranking).data)


def _own_ranking(annotator: User, public_id: UUID) -> Ranking:
    ranking = read_own(annotator, public_id)
    if ranking is None:
        raise NotFound("There is no such ranking. Ask for the next one.")
    return ranking


def _tiers(ranking: Ranking, order: list[list[UUID]]) -> list[list[int]]:
    """Return the order by the rows' own ids. Raises InvalidInput for responses that were not lent."""
    by_name = {name: response for response, name in _names(ranking)}
    if unknown := [str(name) for tier in order for name in tier if name not in by_name]:
        raise InvalidInput("The order names responses that were not lent. Use the ids of the ranking.", unknown=unknown)
    return [[by_name[name] for name in tier] for tier in order]


def _named(ranking: Ranking) -> list[list[UUID]]:
    """Return the stored order by the responses' public ids; empty where there is none."""
    names = dict(_names(ranking))
    return [[names[response] for response in tier] for tier in ranking.tiers or []]


def _names(ranking: Ranking) -> Iterable[tuple[int, UUID]]:
    return ResponseRow.objects.filter(pk__in=ranking.lineup).values_list("pk", "public_id")
