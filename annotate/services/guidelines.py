"""The versions of a project's guidelines, and who has read which."""

from annotate.models import GuidelineVersion, Membership, Project, User
from annotate.services.errors import Conflict


def add_version(project: Project, *, by: User) -> None:
    """Keep the guidelines as they now stand under the project's version. Call inside a transaction."""
    GuidelineVersion.objects.create(project=project, number=project.guideline_version, text=project.guidelines, by=by)


def read_guidelines(*, membership: Membership, version: int) -> None:
    """Note that a member has read a version of the guidelines; reading it twice, or an older one, changes nothing.

    Raises Conflict if there is a newer one by now: that one is to be read.
    """
    if version != membership.project.guideline_version:
        raise Conflict("The guidelines have changed again. Read the newest version.")
    unread = Membership.objects.filter(pk=membership.pk, guidelines_read__lt=version)
    unread.update(guidelines_read=version)
    membership.guidelines_read = max(version, membership.guidelines_read)
