"""Can this web process serve? For load balancers and deployments, without signing in."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotate.models import Project


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 once the database is there and migrated. A missing trainer is no reason to turn annotators away."""
    try:
        Project.objects.exists()
    except DatabaseError:
        return JsonResponse({"status": "the database does not answer"}, status=503, headers={"Retry-After": "5"})
    return JsonResponse({"status": "ready"})
