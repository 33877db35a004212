"""`manage.py up`: the whole of Tiebreak on this machine, under one supervisor. `make run` ends here."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, CommandError, call_command
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from annotate.environment import inherited, read_int, read_text
from annotate.models import Project, Pulse, User
from annotate.services.accounts import create_sign_in_link
from annotate.services.demo import make_demo_project
from annotate.services.errors import Refusal
from annotate.services.site_admin import ensure_site_admin
from annotate.supervisor.preconditions import CannotStart, check_port, lock_data_dir
from annotate.supervisor.programs import Program, ticker_program, trainer_program, web_program
from annotate.supervisor.readiness import Readiness, pulse_came, redis_answers, web_answers
from annotate.supervisor.redis_server import find_redis, private_socket, redis_program
from annotate.supervisor.watch import Supervisor


class Command(BaseCommand):
    help = "Start Redis, the web server, the ticker and the trainer; Ctrl-C stops all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="Make the demo project if there is no project yet.")

    def handle(self, *, demo: bool, **options: object) -> None:
        os.chdir(settings.BASE_DIR)  # the programs import the project from where they start
        os.umask(0o077)  # everything below the data directory is for its owner alone
        try:
            sys.exit(self._run(demo=demo))
        except (CannotStart, Refusal, ImproperlyConfigured) as refusal:
            raise CommandError(str(refusal)) from None
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {error}") from None
        except KeyboardInterrupt:
            sys.exit(130)

    def _run(self, *, demo: bool) -> int:
        port = read_int("PORT", 8000, low=1, high=65535)
        address = f"http://127.0.0.1:{port}"
        programs = _programs(port)
        lock = lock_data_dir(settings.DATA_DIR, address)
        check_port(port)
        with _broker(settings.DATA_DIR) as (broker, redis):
            self.stdout.write(f"Preparing the database and starting on {address} ...")
            admin = _prepare(demo=demo)
            supervisor = Supervisor([*redis, *programs], environment=_environment(broker), lock=lock)
            return supervisor.run(_readiness(broker, port), on_ready=partial(_welcome, address, admin))


@contextmanager
def _broker(data_dir: Path) -> Iterator[tuple[str, list[Program]]]:
    """Yield the broker's address and, where it is ours to start, its program."""
    if given := read_text("REDIS_URL", ""):
        yield given, []
        return
    server = find_redis()
    if server is None:
        raise CannotStart("No Redis was found. Install redis-server 6.2 or newer, or set REDIS_URL to one that runs.")
    with private_socket(data_dir) as socket:
        yield f"redis+socket://{socket}", [redis_program(server, socket, data_dir)]


def _programs(port: int) -> list[Program]:
    workers = read_int("WEB_WORKERS", 2, low=1, high=64)
    threads = read_int("WEB_THREADS", 8, low=1, high=256)
    return [web_program(port=port, workers=workers, threads=threads), ticker_program(), trainer_program()]


def _environment(broker: str) -> dict[str, str]:
    """Return the environment of every program: our own, with what was found out written down."""
    found_out = {"REDIS_URL": broker, "TIEBREAK_DATA_DIR": str(settings.DATA_DIR), "PYTHONUNBUFFERED": "1"}
    return inherited(found_out)


def _prepare(*, demo: bool) -> User:
    """Bring the database and the static files up to date and return who is to sign in first."""
    call_command("migrate", interactive=False, verbosity=0)
    if not settings.DEBUG:
        call_command("collectstatic", interactive=False, verbosity=0)
    admin = ensure_site_admin()
    if demo and not Project.objects.exists():
        make_demo_project(by=admin)
    connection.close()
    return admin


def _readiness(broker: str, port: int) -> Readiness:
    started_at = timezone.now()
    checks = {"redis": partial(redis_answers, broker), "web": partial(web_answers, port)}
    pulses = {process.value: partial(pulse_came, process, started_at) for process in Pulse.Process}
    return Readiness({**checks, **pulses})


def _welcome(address: str, admin: User) -> str:
    link = address + reverse("link", args=[create_sign_in_link(user=admin)])
    return (
        f"\nTiebreak is ready at {address}\n"
        f"Sign in as {admin.username} with this link, which works once within {settings.SIGN_IN_LINK_HOURS} hours:\n"
        f"{link}\n"
    )
