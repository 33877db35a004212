"""`manage.py demo`: something to judge, before there is anything of one's own."""

from django.core.management import BaseCommand, CommandError

from annotate.services.demo import make_demo_project
from annotate.services.errors import Refusal
from annotate.services.site_admin import ensure_site_admin


class Command(BaseCommand):
    help = "Make the project Demo, with the site admin as its admin."

    def handle(self, **options: object) -> None:
        try:
            project = make_demo_project(by=ensure_site_admin())
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"Made the project {project.name} with {project.pairs.count()} pairs.")
