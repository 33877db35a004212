"""Snapshots of the reward head, and the weights of one as a file."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotate.api.permissions import Managing, Reading, caller
from annotate.api.strict import StrictSerializer
from annotate.models import Project, Role, Snapshot
from annotate.models.learning import SnapshotQuerySet
from annotate.permissions import project_of
from annotate.selectors.snapshots import HeadFile, head_file, head_in_use
from annotate.services.errors import NotFound
from annotate.services.releasing import release_snapshot, roll_back


class SnapshotSerializer(serializers.ModelSerializer[Snapshot]):
    """What one training made: from how many comparisons, how well it did, and the digest of its weights."""

    class Meta:
        model = Snapshot
        fields = [
            "number", "n_comparisons", "watermark", "encoder_key", "digest", "config", "config_digest", "metrics",
            "seconds", "seconds_behind", "device", "created_at", "released_at", "withdrawn_at", "released_style_free",
        ]  # fmt: skip
        read_only_fields = fields


class Snapshots(ListAPIView[Snapshot]):
    """Every training of a project; for researchers."""

    permission_classes = [Reading]
    throttle_scope = "reading"
    serializer_class = SnapshotSerializer
    queryset = Snapshot.objects.none()

    def get_queryset(self) -> QuerySet[Snapshot]:
        return _snapshots(project_of(caller(self.request), self.kwargs["slug"], role=Role.RESEARCHER)).light()


class SnapshotDetail(APIView):
    """One training."""

    permission_classes = [Reading]
    throttle_scope = "reading"

    @extend_schema(responses=SnapshotSerializer)
    def get(self, request: Request, slug: str, number: int) -> Response:
        """Read one snapshot; for researchers."""
        project = project_of(caller(request), slug, role=Role.RESEARCHER)
        return Response(SnapshotSerializer(_one(_snapshots(project).light(), number)).data)


class AnythingGoes(BaseContentNegotiation):
    """Answer whatever the Accept header says: there is one file, and refusals are JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


WHICH = [
    OpenApiParameter("Tiebreak-Snapshot", int, OpenApiParameter.HEADER, response=[200], description="Its number."),
    OpenApiParameter(
        "Tiebreak-Released", OpenApiTypes.STR, OpenApiParameter.HEADER, response=[200], enum=["yes", "no"],
        description="Whether it is the project's released head.",
    ),
]  # fmt: skip
SAFETENSORS = {(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY, description="safetensors")}


class HeadInUse(APIView):
    """The weights that exports and scores use."""

    permission_classes = [Reading]
    throttle_scope = "reading"
    content_negotiation_class = AnythingGoes

    @extend_schema(operation_id="head_in_use", responses=SAFETENSORS, parameters=WHICH)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Download the released head, or the newest while none is released; for researchers. Headers tell which."""
        return _as_file(slug, head_in_use(project_of(caller(request), slug, role=Role.RESEARCHER)))


class HeadOfSnapshot(APIView):
    """The weights of one snapshot."""

    permission_classes = [Reading]
    throttle_scope = "reading"
    content_negotiation_class = AnythingGoes

    @extend_schema(operation_id="head_file", responses=SAFETENSORS, parameters=WHICH)
    def get(self, request: Request, slug: str, number: int) -> HttpResponse:
        """Download the reward head as a safetensors file; for researchers."""
        return _as_file(slug, head_file(project_of(caller(request), slug, role=Role.RESEARCHER), number))


def _as_file(slug: str, found: HeadFile | None) -> HttpResponse:
    if found is None:
        raise NotFound("There is no such head in this project.")
    headers = {
        "Content-Disposition": f'attachment; filename="{found.name_in(slug)}"',
        "Tiebreak-Snapshot": str(found.number),
        "Tiebreak-Released": "yes" if found.released else "no",
    }
    return HttpResponse(found.weights, content_type="application/octet-stream", headers=headers)


class ReleaseFieldsSerializer(StrictSerializer):
    """What is exported of a released snapshot."""

    style_free = serializers.BooleanField(default=False, help_text="The head with style taken out, where there is one.")


class Release(APIView):
    """Releases."""

    permission_classes = [Managing]
    throttle_scope = "managing"

    @extend_schema(request=ReleaseFieldsSerializer, responses=SnapshotSerializer)
    def post(self, request: Request, slug: str, number: int) -> Response:
        """Release a snapshot, whatever its trial said; for admins. What exports and scores use changes at once."""
        project = project_of(caller(request), slug, role=Role.ADMIN)
        sent = ReleaseFieldsSerializer.read(request.data)
        release_snapshot(project=project, number=number, by=caller(request), **sent)
        return Response(SnapshotSerializer(_one(_snapshots(project).light(), number)).data)


class RollBack(APIView):
    """The way back."""

    permission_classes = [Managing]
    throttle_scope = "managing"

    @extend_schema(request=None, responses=SnapshotSerializer)
    def post(self, request: Request, slug: str, number: int) -> Response:
        """Withdraw the released snapshot, so that the release before it counts again; for admins."""
        project = project_of(caller(request), slug, role=Role.ADMIN)
        roll_back(project=project, number=number, by=caller(request))
        return Response(SnapshotSerializer(_one(_snapshots(project).light(), number)).data)


def _snapshots(project: Project) -> SnapshotQuerySet:
    return Snapshot.objects.filter(project=project)


def _one(snapshots: QuerySet[Snapshot], number: int) -> Snapshot:
    snapshot = snapshots.filter(number=number).first()
    if snapshot is None:
        raise NotFound("There is no such snapshot in this project.")
    return snapshot
