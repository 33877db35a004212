"""The project that a command is told to work on."""

from django.core.management.base import CommandError

from annotate.models import Project

MOST_NAMED = 20


def project_called(slug: str) -> Project:
    """Return the project at this address. Raises CommandError, which names the projects there are."""
    seen = Project.objects.filter(held_import=None)
    if project := seen.filter(slug=slug).first():
        return project
    known = ", ".join(seen.values_list("slug", flat=True)[:MOST_NAMED]) or "none yet"
    raise CommandError(f"There is no project {slug!r} (there are: {known}). Projects are made on the projects page.")
