"""What annotators have flagged: read, settled and reopened by researchers. Nothing here is for annotators."""

from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotate.api.assignments import MessageSerializer
from annotate.api.disagreements import NamedResponseSerializer
from annotate.api.errors import RefusalSerializer
from annotate.api.filtering import NamedConditions
from annotate.api.permissions import Managing, Reading, caller
from annotate.api.strict import StrictSerializer
from annotate.models import Flag, FlagQuerySet, Project, Role
from annotate.permissions import project_of
from annotate.selectors.flags import flag_on, flags
from annotate.services.errors import NotFound
from annotate.services.flagging import LONGEST_NOTE, reopen_flag, settle_flag


class FlagSerializer(serializers.ModelSerializer[Flag]):
    """A flag with its pair in stored order, the verdict (null without one, or once taken back), and what became of it.

    A flag goes by the id of its assignment.
    """

    assignment = serializers.UUIDField(source="assignment.public_id")
    pair = serializers.UUIDField(source="assignment.pair.public_id")
    prompt = MessageSerializer(many=True, source="assignment.pair.prompt.messages")
    first = NamedResponseSerializer(source="assignment.pair.first")
    second = NamedResponseSerializer(source="assignment.pair.second")
    first_on_left = serializers.BooleanField(source="assignment.first_on_left", allow_null=True)
    annotator = serializers.UUIDField(source="assignment.annotator.public_id")
    state = serializers.ChoiceField(choices=Flag.State.choices)
    comparison = serializers.UUIDField(source="verdict.public_id", default=None, allow_null=True)
    outcome = serializers.CharField(source="verdict.outcome", default=None, allow_null=True)
    comment = serializers.CharField(source="verdict.comment", default="")
    skip_reason = serializers.CharField(source="assignment.skip_reason", help_text="Why it was given back, if it was.")
    settled_by = serializers.UUIDField(source="settled_by.public_id", default=None, allow_null=True)

    class Meta:
        model = Flag
        fields = [
            "assignment", "pair", "prompt", "first", "second", "first_on_left", "annotator", "created_at", "state",
            "comparison", "outcome", "comment", "skip_reason", "withdrawn_at", "settled_at", "settled_by", "note",
        ]  # fmt: skip
        read_only_fields = fields


class SettleSerializer(StrictSerializer):
    """What was done about it, for the other researchers."""

    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=LONGEST_NOTE)


class FlagFilters(filters.FilterSet):  # type: ignore[misc]
    """The named conditions of a project's flags."""

    state = filters.ChoiceFilter(choices=Flag.State.choices, method="in_state")

    def in_state(self, rows: FlagQuerySet, name: str, value: str) -> FlagQuerySet:
        return rows.in_state(Flag.State(value))


class Flags(ListAPIView[Flag]):
    """The flags of a project, open, settled and taken off, the newest first; for researchers."""

    permission_classes = [Reading]
    throttle_scope = "reading"
    serializer_class = FlagSerializer
    filter_backends = [NamedConditions]
    filterset_class = FlagFilters
    queryset = Flag.objects.none()

    def get_queryset(self) -> QuerySet[Flag]:
        return flags(project_of(caller(self.request), self.kwargs["slug"], role=Role.RESEARCHER))


class Settle(APIView):
    """A flag that is dealt with."""

    permission_classes = [Managing]
    throttle_scope = "managing"

    @extend_schema(request=SettleSerializer, responses={200: FlagSerializer, 409: RefusalSerializer})
    def post(self, request: Request, slug: str, assignment_id: UUID) -> Response:
        """Settle the flag on an assignment; for researchers. Annotators see neither that nor the note.

        409 when its annotator has taken it off, or when it is settled with another note.
        """
        project = project_of(caller(request), slug, role=Role.RESEARCHER)
        sent = SettleSerializer.read(request.data)
        settle_flag(flag=_flag(project, assignment_id), by=caller(request), note=sent["note"])
        return _answer(project, assignment_id)


class Reopen(APIView):
    """A settled flag that is to be open again."""

    permission_classes = [Managing]
    throttle_scope = "managing"

    @extend_schema(request=None, responses={200: FlagSerializer, 409: RefusalSerializer})
    def post(self, request: Request, slug: str, assignment_id: UUID) -> Response:
        """Reopen the flag on an assignment, whose note stays; for researchers. 409 when it was taken off."""
        project = project_of(caller(request), slug, role=Role.RESEARCHER)
        StrictSerializer.read(request.data)
        reopen_flag(flag=_flag(project, assignment_id), by=caller(request))
        return _answer(project, assignment_id)


def _flag(project: Project, assignment: UUID) -> Flag:
    flag = flag_on(project, assignment)
    if flag is None:
        raise NotFound("There is no such flag in this project. GET .../flags/ lists those that there are.")
    return flag


def _answer(project: Project, assignment: UUID) -> Response:
    return Response(FlagSerializer(_flag(project, assignment)).data)
