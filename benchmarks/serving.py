"""Next pair + verdict over HTTP: a crowd against gunicorn as `make run` starts it, on the database of DATABASE_URL.

A cycle is one verdict committed and the next pair lent. `--face program` does both in one request of the API,
`stepping` in two, `browser` by the compare screen's fragments with a session. Afterwards the rows are compared with
what was acknowledged. `python -m tests.servers postgresql python -m benchmarks.serving` measures on PostgreSQL.
"""

import argparse
import os
import resource
import statistics
from importlib import import_module

import numpy as np

from benchmarks.measure import report
from benchmarks.running import serving
from tests.audit import audit
from tests.crowd import Annotator, Browser, Program, SteppingProgram, let_work
from tests.faults.database import Database

FACES: dict[str, type[Annotator]] = {"program": Program, "stepping": SteppingProgram, "browser": Browser}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--face", choices=FACES, default="program")
    parser.add_argument("--annotators", type=int, default=10)
    parser.add_argument("--think", type=float, default=0.0, metavar="SECONDS", help="mean think time")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--judged", type=int, default=0, metavar="N", help="comparisons that are there before")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with serving() as (port, database):
        runs = [_run(port, database, options, number) for number in range(options.runs)]
    kind = database.kind
    name = f"serving-{kind}-{options.face}-{options.annotators}" + ("-thinking" if options.think else "")
    name += "-judged" if options.judged else ""
    report(name, {"database": kind, **vars(options), "over all runs": _spread(runs), "each run": runs})


def _run(port: int, database: Database, options: argparse.Namespace, number: int) -> dict[str, float]:
    project, keys = _prepare(options, number)
    face = FACES[options.face]
    annotators = [face(port, project.slug, key, think_seconds=options.think) for key in keys]
    before = resource.getrusage(resource.RUSAGE_SELF)
    took = let_work(annotators, seconds=options.seconds)
    after = resource.getrusage(resource.RUSAGE_SELF)
    acknowledged = [key for annotator in annotators for key in annotator.told.acknowledged]
    figures = {"cycles/s": len(acknowledged) / took, **_times(annotators)}
    figures["ms of the crowd's own CPU a cycle"] = (
        1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / max(1, len(acknowledged))
    )
    errors = [error for annotator in annotators for error in annotator.told.errors]
    if errors:
        print(f"first error: {errors[0]}")
    return figures | {"errors": len(errors), **vars(audit(database, project.pk, acknowledged))}


def _prepare(options: argparse.Namespace, number: int):
    """Make a project of short pairs, and annotators with a token or a session each."""
    from annotate.formats.rows import ImportedPrompt, ImportedResponse, Message
    from annotate.models import Role
    from annotate.services.accounts import create_user
    from annotate.services.importing import add_rows
    from annotate.services.members import set_member
    from annotate.services.projects import create_project
    from annotate.services.site_admin import ensure_site_admin

    admin = ensure_site_admin()
    looks, rest = divmod(options.judged, options.pairs)
    if rest:
        raise SystemExit("--judged must be a multiple of --pairs.")
    settings = {"overlap": looks + 2, "audit_overlap": looks + 2} if looks else {}
    project = create_project(name=f"Load {number}", slug=f"load-{number}", by=admin, **settings)
    answers = (ImportedResponse("It is the first."), ImportedResponse("It is the second."))
    rows = (
        ImportedPrompt(place, f"q{place}", (Message("user", f"Question {place}?"),), answers, is_pair=True)
        for place in range(options.pairs)
    )
    add_rows(project=project, rows=rows, by=admin)
    people = [create_user(username=f"annotator-{number}-{n}") for n in range(options.annotators + looks)]
    for person in people:
        set_member(project=project, user=person, role=Role.ANNOTATOR)
    _judge_before(project, people, looks)
    crowd = people[: options.annotators]
    return project, [(_session if options.face == "browser" else _token)(person) for person in crowd]


def _judge_before(project, people, looks: int) -> None:
    """Write so many verdicts on each pair, evenly over the project's people, past the services.

    There are more people than looks: to each of them some pairs are new.
    """
    from django.db import connection
    from django.db.models import F
    from django.utils import timezone

    from annotate.models import Assignment, Comparison, Pair

    pairs, now = list(project.pairs.order_by("shuffle").values_list("pk", flat=True)), timezone.now()
    for turn in range(looks):
        for begin in range(0, len(pairs), 5000):
            lent = Assignment.objects.bulk_create(
                Assignment(
                    project=project, pair_id=pair, annotator=people[(place + turn) % len(people)], stream="learn",
                    first_on_left=True, leased_at=now, lease_ends_at=now, closed_at=now, closed_as="compared",
                )
                for place, pair in enumerate(pairs[begin : begin + 5000], begin)
            )  # fmt: skip
            Comparison.objects.bulk_create(Comparison(project=project, assignment=one, outcome="first") for one in lent)
    Pair.objects.filter(project=project).update(slots_taken=F("slots_taken") + looks)
    if looks and connection.vendor == "postgresql":  # whose own analysis would come a minute later
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _token(person) -> str:
    from annotate.models import ApiToken
    from annotate.services.accounts import create_token

    return create_token(user=person, scope=ApiToken.Scope.ANNOTATE)


def _session(person) -> str:
    """Sign the person in past the password, and return the session's key."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "annotate.sessions.PasswordBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return session.session_key


def _times(annotators: list[Annotator]) -> dict[str, float]:
    figures = {}
    for name in ("next_seconds", "verdict_seconds"):
        times = np.array([second for annotator in annotators for second in getattr(annotator.told, name)])
        if len(times):
            quantiles = {"p50": 0.5, "p99": 0.99, "max": 1.0}
            figures |= {f"{name} {label}": float(np.quantile(times, at)) for label, at in quantiles.items()}
    return figures


def _spread(runs: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    return {
        name: {"min": min(values), "median": statistics.median(values), "max": max(values)}
        for name in runs[0]
        for values in [[run[name] for run in runs]]
    }


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
