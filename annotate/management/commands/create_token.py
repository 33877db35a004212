"""`manage.py create_token NAME --scope SCOPE`: a token of the API, shown once."""

from argparse import ArgumentParser

from django.core.management import BaseCommand, CommandError

from annotate.models import ApiToken, User
from annotate.services.accounts import create_token

MOST_DAYS = 3650


class Command(BaseCommand):
    help = "Make an API token for a person and print it; it is stored hashed and shown nowhere again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--scope", choices=ApiToken.Scope.values, required=True, help="The widest thing it may do.")
        parser.add_argument("--days", type=int, default=365, help=f"Until it expires, 1 to {MOST_DAYS}.")
        parser.add_argument("--name", default="", help="What it is for.")

    def handle(self, *, username: str, scope: str, days: int, name: str, **options: object) -> None:
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active account {username!r}.")
        if not 1 <= days <= MOST_DAYS or len(name) > 100:
            raise CommandError(f"Choose 1 to {MOST_DAYS} days, and a name of at most 100 characters.")
        token = create_token(user=user, scope=ApiToken.Scope(scope), name=name, days=days)
        self.stderr.write(f"Token of {username}, scope {scope}, for {days} days. It is not shown again:")
        self.stdout.write(token)
