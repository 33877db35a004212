"""Flag an assignment for the project's researchers, and take the flag off again; settle it, and reopen it."""

from django.db import transaction
from django.db.models.functions import Now

from annotate.models import Assignment, AuditEvent, Flag, User
from annotate.services.errors import Conflict, NotFound
from annotate.services.verdicts import check_text

LONGEST_NOTE = 2_000


def flag_assignment(*, assignment: Assignment, by: User) -> Flag:
    """Put a flag on an assignment of one's own; twice is once. Raises NotFound.

    One that was taken off is open again, also if it had been settled before.
    """
    _check_own(assignment, by)
    flag, _ = Flag.objects.get_or_create(assignment=assignment, defaults={"project_id": assignment.project_id})
    off = Flag.objects.filter(pk=flag.pk).in_state(Flag.State.WITHDRAWN)
    if off.update(withdrawn_at=None, settled_at=None, settled_by=None):
        flag.refresh_from_db()
    return flag


def withdraw_flag(*, assignment: Assignment, by: User) -> None:
    """Take the flag off; that it was there stays on record. Without one, nothing happens. Raises NotFound."""
    _check_own(assignment, by)
    Flag.objects.filter(assignment=assignment, withdrawn_at=None).update(withdrawn_at=Now())


@transaction.atomic
def settle_flag(*, flag: Flag, by: User, note: str = "") -> None:
    """Mark a flag as dealt with; `note` tells the other researchers how. Settled with this note before, it stays so.

    Raises InvalidInput for a note that cannot be stored, Conflict for a flag that was taken off or is settled with
    another note.
    """
    check_text(note, "note", at_most=LONGEST_NOTE)
    stored = _locked(flag)
    if stored.state == Flag.State.SETTLED:
        if stored.note != note:
            raise Conflict(f"{stored.settled_by} has settled this flag. Read the note, and reopen it to add to it.")
        return
    Flag.objects.filter(pk=stored.pk).update(settled_at=Now(), settled_by=by, note=note)
    _record(by, "settled a flag in", stored)


@transaction.atomic
def reopen_flag(*, flag: Flag, by: User) -> None:
    """Make a settled flag an open one again; its note stays. An open one stays open.

    Raises Conflict for a flag that was taken off.
    """
    stored = _locked(flag)
    if stored.state == Flag.State.SETTLED:
        Flag.objects.filter(pk=stored.pk).update(settled_at=None, settled_by=None)
        _record(by, "reopened a flag in", stored)


def _locked(flag: Flag) -> Flag:
    """Lock the flag and return it as it is stored now. Raises Conflict if it was taken off."""
    rows = Flag.objects.select_for_update(of=("self",)).select_related("project", "assignment__pair", "settled_by")
    stored = rows.get(pk=flag.pk)
    if stored.state == Flag.State.WITHDRAWN:
        raise Conflict("The annotator has taken this flag off. There is nothing to settle or to reopen.")
    return stored


def _check_own(assignment: Assignment, by: User) -> None:
    if assignment.annotator_id != by.pk:
        raise NotFound("There is no such assignment. Reload the page to get the next pair.")


def _record(by: User, verb: str, flag: Flag) -> None:
    AuditEvent.objects.record(by=by, verb=verb, target=f"{flag.project.slug}: {flag.assignment.pair}")
