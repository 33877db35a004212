"""The responses that name the system that wrote them, for admins."""

from django.db.models import QuerySet

from annotate.models import Project, Response


def leaks(project: Project) -> QuerySet[Response]:
    """Return the responses that hold one of the project's phrases, the newest first."""
    return Response.objects.filter(project=project).exclude(leak="").order_by("-id")
