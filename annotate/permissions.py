"""What a person may see and do. Every page and endpoint starts from these; what is not yours does not exist."""

from django.db.models import QuerySet

from annotate.compiled import compiled
from annotate.models import Membership, Project, Role, User
from annotate.services.errors import NotAllowed, NotFound


def membership_in(user: User, slug: str, *, role: Role = Role.ANNOTATOR) -> Membership:
    """Return the user's membership of the project with at least this role, with its project loaded.

    Raises NotFound if the project is not theirs, NotAllowed if their role does not reach.
    """
    membership = next(iter(_own(user.pk, slug)), None)
    if membership is None:
        raise NotFound("There is no such project, or you are not a member of it.")
    if not membership.may(role):
        raise NotAllowed(f"This page is for the project's {role}s. Ask its admin if you need it.")
    return membership


@compiled
def _own(user: int, slug: str) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user, active=True, project__slug=slug).select_related("project")


def project_of(user: User, slug: str, *, role: Role = Role.ANNOTATOR) -> Project:
    """Return the project if the user may act in it with this role; raises as membership_in does."""
    return membership_in(user, slug, role=role).project
