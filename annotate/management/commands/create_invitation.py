"""`manage.py create_invitation --project SLUG --role ROLE`: a link by which people join a project."""

from argparse import ArgumentParser

from django.core.management import BaseCommand, CommandError
from django.urls import reverse

from annotate.management.projects import project_called
from annotate.models import Membership, Project, Role, User
from annotate.services.members import INVITATION_DAYS, create_invitation

MOST_USES = 1000


class Command(BaseCommand):
    help = "Print a link by which people join a project, in the name of one of its admins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, help="The project's slug.")
        parser.add_argument("--role", choices=Role.values, default=Role.ANNOTATOR)
        parser.add_argument("--uses", type=int, default=1, help=f"How many people may use it, 1 to {MOST_USES}.")
        parser.add_argument("--by", help="The admin who invites (default: the one of longest standing).")
        parser.add_argument("--address", default="http://127.0.0.1:8000", help="Where people reach Tiebreak.")

    def handle(self, *, project: str, role: str, uses: int, by: str | None, address: str, **options: object) -> None:
        joined = project_called(project)
        if not 1 <= uses <= MOST_USES:
            raise CommandError(f"Choose 1 to {MOST_USES} uses.")
        token = create_invitation(project=joined, role=Role(role), by=_admin(joined, by), uses=uses)
        self.stderr.write(f"{uses} may join {joined} as {role} with this link, within {INVITATION_DAYS} days:")
        self.stdout.write(address.rstrip("/") + reverse("invite", args=[token]))


def _admin(project: Project, username: str | None) -> User:
    admins = Membership.objects.filter(project=project, role=Role.ADMIN, active=True, user__is_active=True)
    if username:
        admins = admins.filter(user__username=username)
    membership = admins.select_related("user").order_by("pk").first()
    if membership is None:
        raise CommandError(f"{username or 'Nobody'} is admin of {project}. Name one of its admins with --by.")
    return membership.user
