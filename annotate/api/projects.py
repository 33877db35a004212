"""Projects: those one belongs to, and their settings."""

from django.db.models import F, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotate.api.permissions import Managing, caller
from annotate.api.project_fields import (
    NewProjectSerializer,
    ProjectChangeSerializer,
    ProjectSerializer,
    ProjectSettingsSerializer,
    State,
)
from annotate.models import Membership, Project, Role, User
from annotate.permissions import membership_in
from annotate.services.projects import archive_project, change_project, create_project, pause_project, resume_project

BY_ROLE = {"anyOf": [{"$ref": "#/components/schemas/ProjectSettings"}, {"$ref": "#/components/schemas/Project"}]}


class Projects(ListAPIView[Project]):
    """The projects one belongs to."""

    permission_classes = [Managing]
    throttle_scope = "managing"
    serializer_class = ProjectSerializer
    queryset = Project.objects.none()

    def get_queryset(self) -> QuerySet[Project]:
        return _with_role(caller(self.request))

    @extend_schema(request=NewProjectSerializer, responses={201: ProjectSettingsSerializer})
    def post(self, request: Request) -> Response:
        """Create a project and become its admin; for site admins."""
        sent = NewProjectSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        project = create_project(by=caller(request), **sent.validated_data)
        return _answer(membership_in(caller(request), project.slug), status=201)


class ProjectDetail(APIView):
    """One project."""

    permission_classes = [Managing]
    throttle_scope = "managing"

    @extend_schema(responses={200: BY_ROLE})
    def get(self, request: Request, slug: str) -> Response:
        """Read a project; researchers and admins see the settings of its streams and its training too."""
        return _answer(membership_in(caller(request), slug))

    @extend_schema(request=ProjectChangeSerializer, responses=ProjectSettingsSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Change settings, or pause, archive and open the project; for its admins."""
        membership = membership_in(caller(request), slug, role=Role.ADMIN)
        sent = ProjectChangeSerializer(data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        changes = dict(sent.validated_data)
        state = changes.pop("state", None)
        if changes:
            change_project(project=membership.project, by=caller(request), **changes)
        if state:
            _move(membership.project, State(state), caller(request))
        return _answer(membership)


def _move(project: Project, state: State, by: User) -> None:
    if state != State.ARCHIVED and (project.archived_at or state == State.OPEN):
        resume_project(project=project, by=by)
    if state == State.PAUSED:
        pause_project(project=project, by=by)
    if state == State.ARCHIVED:
        archive_project(project=project, by=by)


def _answer(membership: Membership, status: int = 200) -> Response:
    row = _with_role(membership.user).get(pk=membership.project_id)
    kind = ProjectSettingsSerializer if membership.may(Role.RESEARCHER) else ProjectSerializer
    return Response(kind(row).data, status=status)


def _with_role(user: User) -> QuerySet[Project]:
    return Project.objects.visible_to(user).annotate(role=F("memberships__role"))
