"""Flag an assignment for the project's researchers, and take the flag off again."""

from django.db.models.functions import Now

from annotate.models import Assignment, Flag, User
from annotate.services.errors import NotFound


def flag_assignment(*, assignment: Assignment, by: User) -> Flag:
    """Put a flag on an assignment of one's own, or put it on again; twice is once. Raises NotFound."""
    _check_own(assignment, by)
    flag, _ = Flag.objects.update_or_create(
        assignment=assignment, defaults={"withdrawn_at": None}, create_defaults={"project_id": assignment.project_id}
    )
    return flag


def withdraw_flag(*, assignment: Assignment, by: User) -> None:
    """Take the flag off; that it was there stays on record. Without one, nothing happens. Raises NotFound."""
    _check_own(assignment, by)
    Flag.objects.filter(assignment=assignment, withdrawn_at=None).update(withdrawn_at=Now())


def _check_own(assignment: Assignment, by: User) -> None:
    if assignment.annotator_id != by.pk:
        raise NotFound("There is no such assignment. Reload the page to get the next pair.")
