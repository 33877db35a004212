"""Take data out of a project, and how to bring it in; for researchers."""

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotate.formats.exports import EXPORT_FORMATS
from annotate.models import Role
from annotate.permissions import membership_in, project_of
from annotate.services.exporting import export_comparisons
from annotate.views.requests import SignedInRequest


@never_cache
@require_GET
def data(request: SignedInRequest, slug: str) -> HttpResponse:
    membership = membership_in(request.user, slug, role=Role.RESEARCHER)
    context = {"membership": membership, "project": membership.project, "formats": EXPORT_FORMATS.values()}
    return render(request, "data.html", context)


@never_cache
@require_GET
def data_export(request: SignedInRequest, slug: str, format_name: str) -> StreamingHttpResponse:
    """Stream the project's rows in one format, in constant memory."""
    project = project_of(request.user, slug, role=Role.RESEARCHER)
    if format_name not in EXPORT_FORMATS:
        raise Http404
    response = StreamingHttpResponse(export_comparisons(project, format_name), content_type="application/jsonl")
    response["Content-Disposition"] = f'attachment; filename="{slug}{EXPORT_FORMATS[format_name].suffix}"'
    return response
