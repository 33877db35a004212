"""`manage.py create_user NAME --project SLUG --role ROLE`: an account in a project, and a link to sign in once."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse

from annotate.management.projects import project_called
from annotate.models import Role
from annotate.services.accounts import create_sign_in_link, create_user
from annotate.services.errors import Refusal
from annotate.services.members import set_member


class Command(BaseCommand):
    help = "Make an account, let it into a project, and print a link that signs its person in once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--project", required=True, help="The project's slug.")
        parser.add_argument("--role", choices=Role.values, default=Role.ANNOTATOR)
        parser.add_argument("--address", default="http://127.0.0.1:8000", help="Where people reach Tiebreak.")

    @transaction.atomic
    def handle(self, *, username: str, project: str, role: str, address: str, **options: object) -> None:
        member_of = project_called(project)
        try:
            user = create_user(username=username)
        except Refusal as refusal:
            raise CommandError(refusal.message) from None
        set_member(project=member_of, user=user, role=Role(role))
        link = address.rstrip("/") + reverse("link", args=[create_sign_in_link(user=user)])
        self.stderr.write(f"{username} is now {role} of {member_of}. This link signs them in once,")
        self.stderr.write(f"within {settings.SIGN_IN_LINK_HOURS} hours:")
        self.stdout.write(link)
