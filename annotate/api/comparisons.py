"""Comparisons: send a verdict, take it back, and read them."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotate.api.assignments import LeaseSerializer, lease_of, own_assignment
from annotate.api.comparison_fields import ComparisonSerializer, OwnComparisonSerializer, VerdictSerializer
from annotate.api.errors import RefusalSerializer
from annotate.api.filtering import MomentFilter, NamedConditions, YesNoFilter
from annotate.api.permissions import Judging, Reading, caller
from annotate.api.strict import StrictSerializer
from annotate.models import Assignment, Comparison, Outcome, Role, Stream
from annotate.permissions import project_of
from annotate.selectors.comparisons import comparisons_of, own_comparisons
from annotate.services.comparing import Timing, judge_and_lease, retract_comparison
from annotate.services.comparing import Verdict as StoredVerdict
from annotate.services.errors import AlreadyCompared, NotFound
from annotate.sides import Choice, as_shown, as_stored, turned


class ComparisonFilters(filters.FilterSet):  # type: ignore[misc]
    """The named conditions of a project's comparisons."""

    outcome = filters.ChoiceFilter(choices=Outcome.choices)
    stream = filters.ChoiceFilter(field_name="assignment__stream", choices=Stream.choices)
    source = filters.ChoiceFilter(choices=Comparison.Source.choices)
    annotator = filters.UUIDFilter(field_name="assignment__annotator__public_id")
    surplus = YesNoFilter()
    retracted = YesNoFilter(field_name="retracted_at", lookup_expr="isnull", exclude=True)
    created_from = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")


class JudgedSerializer(OwnComparisonSerializer):
    """One's own verdict, and what is lent next if the verdict asked for it."""

    next = LeaseSerializer(allow_null=True)

    class Meta(OwnComparisonSerializer.Meta):
        fields = [*OwnComparisonSerializer.Meta.fields, "next"]


OWN = OwnComparisonSerializer()


class Verdict(APIView):
    """The verdict on a pair that was lent."""

    permission_classes = [Judging]
    throttle_scope = "judging"

    @extend_schema(
        request=VerdictSerializer,
        responses={201: JudgedSerializer, 200: JudgedSerializer, 409: RefusalSerializer, 422: RefusalSerializer},
    )
    def post(self, request: Request, assignment_id: UUID) -> Response:
        """Store a verdict, and lend the next pairs in the same step if `lease` says how many.

        201 when it is stored; the same key and body again: 200 with the first one; the same key with another body: 422;
        another key on a pair already judged: 409, with the stored choice in `details`.
        """
        assignment = own_assignment(caller(request), assignment_id)
        sent = VerdictSerializer.read(request.data)
        try:
            judged = judge_and_lease(
                assignment=assignment, verdict=_as_stored(sent, assignment), by=caller(request), n=sent["lease"]
            )
        except AlreadyCompared as refusal:
            raise _in_words_of_the_screen(refusal, assignment) from None
        lease = lease_of(assignment.project, caller(request), judged.held) if sent["lease"] else None
        answer = {**OWN.to_representation(judged.comparison), "next": lease}
        return Response(answer, status=201 if judged.stored else 200)


class Retract(APIView):
    """Undo."""

    permission_classes = [Judging]
    throttle_scope = "judging"

    @extend_schema(request=None, responses={200: OwnComparisonSerializer, 409: RefusalSerializer})
    def post(self, request: Request, comparison_id: UUID) -> Response:
        """Take a verdict of one's own back inside the project's window; asked again, it is answered alike.

        409 when the window has closed, when it was voided, or when the pair was judged anew since.
        """
        StrictSerializer.read(request.data)
        comparison = own_comparisons(caller(request)).filter(public_id=comparison_id).first()
        if comparison is None:
            raise NotFound("There is no such comparison.")
        retract_comparison(comparison=comparison, by=caller(request))
        comparison.refresh_from_db(fields=["retracted_at"])
        return Response(OWN.to_representation(comparison))


class OwnComparisons(ListAPIView[Comparison]):
    """One's own verdicts, in every project one still belongs to."""

    permission_classes = [Reading]
    throttle_scope = "reading"
    serializer_class = OwnComparisonSerializer
    queryset = Comparison.objects.none()

    def get_queryset(self) -> QuerySet[Comparison]:
        return own_comparisons(caller(self.request))


class Comparisons(ListAPIView[Comparison]):
    """All verdicts of a project, retracted and voided ones too; for researchers."""

    permission_classes = [Reading]
    throttle_scope = "reading"
    serializer_class = ComparisonSerializer
    filter_backends = [NamedConditions]
    filterset_class = ComparisonFilters
    queryset = Comparison.objects.none()

    def get_queryset(self) -> QuerySet[Comparison]:
        return comparisons_of(project_of(caller(self.request), self.kwargs["slug"], role=Role.RESEARCHER))


def _as_stored(sent: dict[str, Any], assignment: Assignment) -> StoredVerdict:
    on_left = assignment.first_on_left
    said = sent["criteria"].items()
    return StoredVerdict(
        outcome=as_stored(Choice(sent["outcome"]), first_on_left=on_left),
        client_key=sent["client_key"],
        comment=sent["comment"],
        timing=Timing(sent["shown_at"], sent["decided_at"]),
        strength=turned(sent["strength"], first_on_left=on_left),
        criteria={name: as_stored(Choice(choice), first_on_left=on_left) for name, choice in said},
    )


def _in_words_of_the_screen(refusal: AlreadyCompared, assignment: Assignment) -> AlreadyCompared:
    details = dict(refusal.details)
    if details.get("outcome"):
        details["outcome"] = as_shown(Outcome(details["outcome"]), first_on_left=assignment.first_on_left)
    return AlreadyCompared(refusal.message, **details)
