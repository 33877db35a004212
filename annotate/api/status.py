"""The overview's numbers of a project."""

from datetime import datetime

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotate.api.agreement import CeilingSerializer, ScoreSerializer
from annotate.api.permissions import Reading, caller
from annotate.models import Role, Run, Snapshot
from annotate.permissions import project_of
from annotate.selectors.alarms import Alarm
from annotate.selectors.overview import Overview, overview


class LiveSnapshotSerializer(serializers.ModelSerializer[Snapshot]):
    """A snapshot that serves now."""

    class Meta:
        model = Snapshot
        fields = ["number", "n_comparisons", "seconds", "device", "created_at"]
        read_only_fields = fields


class RunSerializer(serializers.ModelSerializer[Run]):
    """Work of the trainer: how far it is, or why it was given up."""

    class Meta:
        model = Run
        fields = ["kind", "state", "attempt", "done", "total", "error", "created_at", "heartbeat_at"]
        read_only_fields = fields


class AlarmSerializer(serializers.Serializer[Alarm]):
    """A warning: its name, what is the case, and what to do next."""

    name = serializers.CharField()
    what = serializers.CharField()
    next = serializers.CharField()


class StatusSerializer(serializers.Serializer[Overview]):
    """The loop at a glance; null where there is nothing to report yet."""

    n_comparisons = serializers.IntegerField()
    n_pairs = serializers.IntegerField()
    n_open_pairs = serializers.IntegerField()
    n_queued = serializers.IntegerField()
    n_open_flags = serializers.IntegerField()
    snapshot = LiveSnapshotSerializer(allow_null=True)
    seconds_behind = serializers.FloatField(allow_null=True, help_text="From the newest verdict to its snapshot.")
    audit = ScoreSerializer(allow_null=True)
    left_out = ScoreSerializer(allow_null=True)
    work = RunSerializer(allow_null=True)
    ceiling = CeilingSerializer(allow_null=True)
    parked = RunSerializer(allow_null=True)
    released = LiveSnapshotSerializer(allow_null=True, help_text="What exports and scores use; if null, the newest.")
    alarms = AlarmSerializer(many=True)
    training_paused = serializers.SerializerMethodField()
    training_paused_since = serializers.SerializerMethodField(help_text="Null while training, and if it never began.")

    def get_training_paused(self, numbers: Overview) -> bool:
        return numbers.training_paused_since is not None

    def get_training_paused_since(self, numbers: Overview) -> datetime | None:
        since = numbers.training_paused_since
        return since if since and since.year > 1 else None


class Status(APIView):
    """The overview's numbers."""

    permission_classes = [Reading]
    throttle_scope = "reading"

    @extend_schema(responses=StatusSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Read how far a project and its trainer are; for researchers."""
        return Response(StatusSerializer(overview(project_of(caller(request), slug, role=Role.RESEARCHER))).data)
