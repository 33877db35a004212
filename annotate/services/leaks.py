"""Responses that name the system that wrote them: marked when they come in, hidden from annotators, never changed."""

from django.db.models import Q

from annotate.formats.leaks import first_leak, mask_leaks
from annotate.models import Project, Response

BATCH = 500


def shown_text(response: Response, project: Project) -> str:
    """Return a response's text as annotators of the project may see it."""
    if not response.leak or not project.mask_leaks:
        return response.text
    return mask_leaks(response.text, project.leak_phrases)


def mark_leaks(project: Project) -> int:
    """Look through all responses of the project anew; return how many name their source. Call inside a transaction."""
    changed: list[Response] = []
    with_held = Project.objects.filter(Q(pk=project.pk) | Q(held_import__project=project))  # an import under way
    for response in Response.objects.filter(project__in=with_held).only("text", "leak").iterator(chunk_size=BATCH):
        leak = first_leak(response.text, project.leak_phrases)
        if leak != response.leak:
            response.leak = leak
            changed.append(response)
    Response.objects.bulk_update(changed, ["leak"], batch_size=BATCH)
    return Response.objects.filter(project=project).exclude(leak="").count()
