"""Comparisons: send a verdict, take it back, and read them."""

from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotate.api.assignments import own_assignment
from annotate.api.comparison_fields import ComparisonSerializer, OwnComparisonSerializer, VerdictSerializer
from annotate.api.errors import RefusalSerializer
from annotate.api.filtering import MomentFilter, NamedConditions, YesNoFilter
from annotate.api.permissions import Judging, Reading, caller
from annotate.api.strict import StrictSerializer
from annotate.models import Assignment, Comparison, Outcome, Role, Stream
from annotate.permissions import project_of
from annotate.selectors.comparisons import comparisons_of, own_comparisons
from annotate.services.comparing import Timing, record_comparison, retract_comparison
from annotate.services.errors import AlreadyCompared, NotFound
from annotate.sides import Choice, as_shown, as_stored


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


class Verdict(APIView):
    """The verdict on a pair that was lent."""

    permission_classes = [Judging]
    throttle_scope = "judging"

    @extend_schema(
        request=VerdictSerializer,
        responses={
            201: OwnComparisonSerializer,
            200: OwnComparisonSerializer,
            409: RefusalSerializer,
            422: RefusalSerializer,
        },
    )
    def post(self, request: Request, assignment_id: UUID) -> Response:
        """Store a verdict.

        201 when it is stored; the same key and body again: 200 with the first one; the same key with another body: 422;
        another key on a pair already judged: 409, with the stored choice in `details`.
        """
        assignment = own_assignment(caller(request), assignment_id)
        sent = VerdictSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        verdict = sent.validated_data
        try:
            comparison, stored = record_comparison(
                assignment=assignment,
                outcome=as_stored(Choice(verdict["outcome"]), first_on_left=assignment.first_on_left),
                client_key=verdict["client_key"],
                by=caller(request),
                comment=verdict["comment"],
                timing=Timing(verdict["shown_at"], verdict["decided_at"]),
            )
        except AlreadyCompared as refusal:
            raise _in_words_of_the_screen(refusal, assignment) from None
        return Response(OwnComparisonSerializer(comparison).data, status=201 if stored else 200)


class Retract(APIView):
    """Undo."""

    permission_classes = [Judging]
    throttle_scope = "judging"

    @extend_schema(request=None, responses={200: OwnComparisonSerializer, 409: RefusalSerializer})
    def post(self, request: Request, comparison_id: UUID) -> Response:
        """Take a verdict of one's own back inside the project's window; 409 when that is over or was done before."""
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        comparison = own_comparisons(caller(request)).filter(public_id=comparison_id).first()
        if comparison is None:
            raise NotFound("There is no such comparison.")
        retract_comparison(comparison=comparison, by=caller(request))
        comparison.refresh_from_db(fields=["retracted_at"])
        return Response(OwnComparisonSerializer(comparison).data)


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


def _in_words_of_the_screen(refusal: AlreadyCompared, assignment: Assignment) -> AlreadyCompared:
    details = dict(refusal.details)
    if details.get("outcome"):
        details["outcome"] = as_shown(Outcome(details["outcome"]), first_on_left=assignment.first_on_left)
    return AlreadyCompared(refusal.message, **details)
