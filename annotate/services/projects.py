"""Create a project, change its settings, pause and archive it."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from annotate.models import AskedBefore, AuditEvent, Project, Role, User
from annotate.selectors.gold import gold_pairs
from annotate.services.errors import InvalidInput, NotAllowed
from annotate.services.guidelines import add_version
from annotate.services.leaks import mark_leaks
from annotate.services.members import set_member

FIT_SETTINGS = ("outcomes", "strategy", "seed")


@transaction.atomic
def create_project(*, name: str, slug: str, by: User, **settings: object) -> Project:
    """Make a project with `by` as its admin; one that asks for rankings has no repeats unless they are asked for.

    Raises NotAllowed unless `by` is a site admin, InvalidInput.
    """
    if not by.is_superuser:
        raise NotAllowed("Only site admins create projects. Ask one to create it and to make you its admin.")
    if settings.get("outcomes") == Project.Outcomes.RANKING:
        settings = {"repeat_share": 0.0} | settings
    project = Project(name=name, slug=slug, **settings)
    _check(project)
    try:
        with transaction.atomic():
            project.save()
    except IntegrityError:
        raise InvalidInput(f"Somebody has just made a project with the address {slug!r}. Choose another.") from None
    add_version(project, by=by)
    set_member(project=project, user=by, role=Role.ADMIN, by=by)
    AuditEvent.objects.record(by=by, verb="created project", target=project.slug)
    return project


@transaction.atomic
def change_project(*, project: Project, by: User, **settings: object) -> Project:
    """Change settings; new guidelines make a new guideline version. Raises InvalidInput."""
    changed = {name for name, value in settings.items() if value != getattr(project, name)}
    if "guidelines" in changed:
        project.guideline_version += 1
    if changed & set(FIT_SETTINGS):
        project.config_version += 1
    asked = AskedBefore(project=project, outcomes=project.outcomes, criteria=project.criteria)
    for name, value in settings.items():
        setattr(project, name, value)
    _check(project)
    if "outcomes" in changed and project.asks_for_rankings:
        _check_no_gold(project)
    if changed & {"outcomes", "criteria"}:
        asked.save()
    project.save(update_fields=[*settings, "config_version", "guideline_version"])
    if "guidelines" in changed:
        add_version(project, by=by)
    if "leak_phrases" in changed:
        mark_leaks(project)
    AuditEvent.objects.record(by=by, verb=f"changed {', '.join(sorted(settings))} of", target=project.slug)
    return project


def pause_project(*, project: Project, by: User) -> None:
    """Stop lending pairs; verdicts already under way are still accepted."""
    _stamp(project, by, "paused", paused_at=Now())


def resume_project(*, project: Project, by: User) -> None:
    _stamp(project, by, "resumed", paused_at=None, archived_at=None)


def archive_project(*, project: Project, by: User) -> None:
    """Stop lending pairs and training; everything stays readable and exportable."""
    _stamp(project, by, "archived", archived_at=Now())


def _check(project: Project) -> None:
    try:
        project.full_clean()
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), fields=error.message_dict) from None


def _check_no_gold(project: Project) -> None:
    if n := gold_pairs(project).count():
        raise InvalidInput(
            f"{n} pair{'s have' if n > 1 else ' has'} a gold answer, and rankings ask no gold pairs. Clear them on the "
            "page of gold pairs first."
        )


def _stamp(project: Project, by: User, verb: str, **stamps: object) -> None:
    Project.objects.filter(pk=project.pk).update(**stamps)
    project.refresh_from_db()
    AuditEvent.objects.record(by=by, verb=verb, target=project.slug)
