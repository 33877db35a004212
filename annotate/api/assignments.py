"""Assignments: pairs lent to the caller, to judge or to give back. Nothing here unblinds."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotate.api.permissions import Judging, caller
from annotate.api.strict import StrictSerializer
from annotate.models import Assignment, Project, User
from annotate.models import Response as ResponseRow
from annotate.permissions import project_of
from annotate.render import render_markdown_cached
from annotate.selectors.own_assignment import own_assignment as read_own
from annotate.selectors.waiting import Reason, waiting
from annotate.services.assigning import MOST_AT_ONCE, lease_pairs
from annotate.services.comparing import LONGEST_REASON, skip_assignment
from annotate.services.errors import NotFound
from annotate.services.flagging import flag_assignment, withdraw_flag
from annotate.services.leaks import shown_text
from annotate.sides import Choice, as_shown, left_and_right


class MessageSerializer(serializers.Serializer[dict[str, str]]):
    """One turn of a conversation."""

    role = serializers.CharField()
    content = serializers.CharField()


class ShownResponseSerializer(serializers.Serializer[Any]):
    """A response without its source, as annotators see it; `html` is its Markdown rendered safely."""

    id = serializers.UUIDField()
    text = serializers.CharField()
    html = serializers.CharField()


def shown(response: ResponseRow, project: Project) -> dict[str, Any]:
    """Return what an annotator of the project may see of a response."""
    text = shown_text(response, project)
    return {"id": response.public_id, "text": text, "html": render_markdown_cached(text)}


class AssignmentSerializer(serializers.Serializer[Assignment]):
    """A pair lent to the caller: the prompt, and its two responses as they must be shown."""

    id = serializers.UUIDField(source="public_id")
    prompt = MessageSerializer(many=True, source="pair.prompt.messages")
    left = serializers.SerializerMethodField()
    right = serializers.SerializerMethodField()
    outcomes = serializers.SerializerMethodField()
    strengths = serializers.SerializerMethodField(help_text="How much better a response may be called; may be empty.")
    criteria = serializers.SerializerMethodField(help_text="What else is asked about the pair, each with an outcome.")
    lease_ends_at = serializers.DateTimeField()

    @extend_schema_field(ShownResponseSerializer)
    def get_left(self, assignment: Assignment) -> dict[str, Any]:
        return shown(_sides(assignment)[0], assignment.project)

    @extend_schema_field(ShownResponseSerializer)
    def get_right(self, assignment: Assignment) -> dict[str, Any]:
        return shown(_sides(assignment)[1], assignment.project)

    def get_outcomes(self, assignment: Assignment) -> list[Choice]:
        offered = assignment.project.offered_outcomes
        shown = {as_shown(outcome, first_on_left=assignment.first_on_left) for outcome in offered}
        return [choice for choice in Choice if choice in shown]

    def get_strengths(self, assignment: Assignment) -> list[int]:
        return list(assignment.project.offered_strengths)

    def get_criteria(self, assignment: Assignment) -> list[str]:
        return list(assignment.project.criteria)


def _sides(assignment: Assignment) -> tuple[ResponseRow, ResponseRow]:
    pair = assignment.pair
    return left_and_right(pair.first, pair.second, first_on_left=assignment.first_on_left)


class LeaseSerializer(serializers.Serializer[Any]):
    """What is lent now; where there is nothing, why, and the seconds after which to ask again (null: no telling)."""

    assignments = AssignmentSerializer(many=True)
    reason = serializers.ChoiceField(choices=[str(reason) for reason in Reason], allow_null=True)
    retry_after_seconds = serializers.IntegerField(allow_null=True)


LEASE = LeaseSerializer()


class LeaseRequestSerializer(StrictSerializer):
    n = serializers.IntegerField(default=1, min_value=1, max_value=MOST_AT_ONCE, help_text="Pairs to hold at once.")


class SkipSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=LONGEST_REASON)


class FlagRequestSerializer(StrictSerializer):
    flagged = serializers.BooleanField(help_text="Whether the flag is to be on or off.")


class Assignments(APIView):
    """The pairs that the caller holds."""

    permission_classes = [Judging]
    throttle_scope = "judging"

    @extend_schema(request=LeaseRequestSerializer, responses={201: LeaseSerializer, 200: LeaseSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Lend the caller pairs until they hold `n`.

        201 with what they hold now, the oldest first; 200 with an empty list and a reason where nothing can be lent.
        """
        project = project_of(caller(request), slug)
        sent = LeaseRequestSerializer.read(request.data)
        held = lease_pairs(project=project, annotator=caller(request), n=sent["n"])
        return Response(lease_of(project, caller(request), held), status=201 if held else 200)


class Skip(APIView):
    """Giving a pair back."""

    permission_classes = [Judging]
    throttle_scope = "judging"

    @extend_schema(request=SkipSerializer, responses={204: None})
    def post(self, request: Request, assignment_id: UUID) -> Response:
        """Close an assignment without a verdict; the pair goes to somebody else. 409 if it was closed before."""
        assignment = own_assignment(caller(request), assignment_id)
        sent = SkipSerializer.read(request.data)
        skip_assignment(assignment=assignment, reason=sent["reason"], by=caller(request))
        return Response(status=204)


class Flagging(APIView):
    """A mark on a pair that somebody should look at."""

    permission_classes = [Judging]
    throttle_scope = "judging"

    @extend_schema(request=FlagRequestSerializer, responses={204: None})
    def post(self, request: Request, assignment_id: UUID) -> Response:
        """Flag an assignment of one's own for the project's researchers, or take the flag off; twice is once."""
        assignment = own_assignment(caller(request), assignment_id)
        act = flag_assignment if FlagRequestSerializer.read(request.data)["flagged"] else withdraw_flag
        act(assignment=assignment, by=caller(request))
        return Response(status=204)


def own_assignment(annotator: User, public_id: UUID) -> Assignment:
    """Return the annotator's assignment in a project they still belong to; raises NotFound for any other."""
    assignment = read_own(annotator, public_id)
    if assignment is None:
        raise NotFound("There is no such assignment. Ask for the next pair.")
    return assignment


def lease_of(project: Project, annotator: User, held: list[Assignment]) -> dict[str, Any]:
    """Return the answer that tells what the annotator holds, or why there is nothing to hold."""
    wait = None if held else waiting(project, annotator)
    lease = {
        "assignments": held,
        "reason": wait and wait.reason,
        "retry_after_seconds": wait and wait.retry_after_seconds,
    }
    return LEASE.to_representation(lease)
