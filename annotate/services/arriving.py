"""Bring checked rows into a project, all of them or none, without keeping anybody waiting.

SQLite has one writer at a time, so every step is a short transaction. The rows are written into `hold`, a project that
nobody sees. When all are there, one step says that the import is whole; from then on they move into their project, and
whoever finds a whole import left alone moves the rest. What is not whole is removed. See
docs/decisions/imports-come-in-steps.md.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from annotate.formats.rows import ImportedPrompt
from annotate.models import Assignment, AuditEvent, Comparison, Import, Pair, Project, Prompt, Response, User
from annotate.services.errors import Conflict
from annotate.services.material import Added, add_batch, conflicts

ROWS_A_STEP = 100
CHARACTERS_A_STEP = 500_000
MOVED_A_STEP = 500
SILENT_SECONDS = 60  # after which the process that imports has died


def add_rows(*, project: Project, rows: Iterable[ImportedPrompt], by: User) -> Added:
    """Write checked rows: all of them or none.

    Raises Conflict if another import into the project is under way, or if the project or its rows change meanwhile so
    that these no longer fit.
    """
    arriving = _begin(project)
    try:
        added = _write(arriving, rows)
        _declare_whole(arriving, added, by)
    finally:
        _settle(arriving)
    return added


def settle_imports(*, seconds: float) -> None:
    """Bring the imports that were left alone to their end, as far as they come in about so many seconds."""
    over_at = monotonic() + seconds
    for left_alone in _left_alone():
        _give_up(left_alone)
        while monotonic() < over_at and _settle_some(left_alone):
            pass


def _begin(project: Project) -> Import:
    for left_alone in _left_alone().filter(project=project):
        _settle(left_alone)
    try:
        with transaction.atomic():
            hold = Project.objects.create(
                slug=f"import-{uuid4().hex}", name=f"Import into {project.name}"[:120], archived_at=timezone.now()
            )
            return Import.objects.create(project=project, hold=hold)
    except IntegrityError:
        raise Conflict(
            "Another import into this project is under way. Wait until it is done, then import again; if its process "
            f"has died, that is after {SILENT_SECONDS} seconds."
        ) from None


def _left_alone() -> QuerySet[Import]:
    return Import.objects.filter(beat_at__lt=Now() - timedelta(seconds=SILENT_SECONDS))


def _write(arriving: Import, rows: Iterable[ImportedPrompt]) -> Added:
    added = Added()
    for some in _portions(rows):
        with _step():
            project = _beat(arriving)
            if found := conflicts(project, some):
                raise Conflict(f"The project has changed meanwhile. Line {found[0].line}: {found[0].message}")
            added += add_batch(project, arriving.hold, some)
    return added


def _declare_whole(arriving: Import, added: Added, by: User) -> None:
    with _step():
        project = _beat(arriving)
        Import.objects.filter(pk=arriving.pk).update(state=Import.State.WHOLE)
        AuditEvent.objects.record(by=by, verb="imported into", target=f"{project.slug}: {added}")


def _beat(arriving: Import) -> Project:
    """Show a sign of life; return the project as it stands, which stays so until the step is over."""
    if not Import.objects.filter(pk=arriving.pk, state=Import.State.ARRIVING).update(beat_at=Now()):
        raise Conflict("This import was silent for too long and was given up. Nothing was imported; import again.")
    project = Project.objects.select_for_update(no_key=True).get(pk=arriving.project_id)
    if project.archived_at:
        raise Conflict("This project was archived meanwhile. Nothing was imported. Resume it, then import again.")
    return project


def _portions(rows: Iterable[ImportedPrompt]) -> Iterator[list[ImportedPrompt]]:
    """Yield the rows in portions that are written in one step."""
    portion: list[ImportedPrompt] = []
    n_characters = 0
    for row in rows:
        portion.append(row)
        n_characters += sum(len(text.content) for text in row.messages) + sum(len(text.text) for text in row.responses)
        if len(portion) == ROWS_A_STEP or n_characters > CHARACTERS_A_STEP:
            yield portion
            portion, n_characters = [], 0
    if portion:
        yield portion


@contextmanager
def _step() -> Iterator[None]:
    """Do one short transaction, then leave the database to others for as long."""
    begun_at = monotonic()
    with transaction.atomic():
        yield
    sleep(monotonic() - begun_at)


def _settle(under_way: Import) -> None:
    """Bring an import to its end: move what is whole, remove what is not."""
    _give_up(under_way)
    while _settle_some(under_way):
        pass


def _give_up(under_way: Import) -> None:
    arriving = Import.objects.filter(pk=under_way.pk, state=Import.State.ARRIVING)
    arriving.update(state=Import.State.GIVEN_UP)


def _settle_some(under_way: Import) -> bool:
    """Take one step of that; return whether there may be more to do."""
    with _step():
        locked = Import.objects.select_for_update(of=("self",)).select_related("hold", "project")
        if not (now := locked.filter(pk=under_way.pk).first()):
            return False
        if _move_some(now) if now.state == Import.State.WHOLE else _remove_some(now):
            return True
        now.hold.delete()  # and with it the import
        return False


def _move_some(whole: Import) -> bool:
    """Move the next rows into the project; return False where all have moved."""
    for held in _held(whole, Prompt, Response, Pair, Assignment):
        if some := _first_of(held):
            moving = held.filter(pk__in=some)
            if held.model is Pair:  # whole prompts: a ranking is lent with all its pairs
                moving = held.filter(prompt__in=moving.values("prompt"))
            moving.update(project=whole.project)
            return True
    return _move_labels(whole)


def _move_labels(whole: Import) -> bool:
    """Move the next comparisons; there they are new, with new ids: what a snapshot has covered never grows."""
    held = Comparison.objects.filter(project=whole.hold)
    moving = list(held.filter(pk__in=_first_of(held)).order_by("pk"))
    held.filter(pk__in=[comparison.pk for comparison in moving]).delete()
    for comparison in moving:
        comparison.pk, comparison.project = None, whole.project
    Comparison.objects.bulk_create(moving)
    return bool(moving)


def _remove_some(given_up: Import) -> bool:
    """Remove the next rows of an import that is not whole; return False where none is left."""
    held = _held(given_up, Comparison, Assignment, Pair, Response, Prompt)
    for rows in [*held, User.objects.filter(imported=True, assignments=None)]:
        if some := _first_of(rows):
            rows.filter(pk__in=some).delete()
            return True
    return False


def _held(under_way: Import, *tables: Any) -> list[QuerySet[Any]]:
    return [table.objects.filter(project=under_way.hold_id) for table in tables]


def _first_of(rows: QuerySet[Any]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[:MOVED_A_STEP])
