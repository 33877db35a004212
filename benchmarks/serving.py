"""Next pair + verdict over HTTP: annotators without think time against the whole application as `make run` starts it.

A cycle is two requests, each in a committed transaction: lease the next pair, send its outcome. Afterwards the rows are
compared with what was acknowledged: nothing lost, nothing doubled, no pair beyond its overlap.
"""

import argparse
import json
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from uuid import uuid4

import numpy as np

from benchmarks.measure import report
from benchmarks.running import running


@dataclass
class Annotator:
    """One person's client on one kept-open connection, and what it was told."""

    port: int
    slug: str
    token: str
    acknowledged: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    next_seconds: list[float] = field(default_factory=list)
    verdict_seconds: list[float] = field(default_factory=list)

    def work(self, until: float) -> None:
        self.connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        while time.monotonic() < until:
            lease = self._post(f"projects/{self.slug}/assignments/", {}, self.next_seconds)
            for assignment in lease.get("assignments", []):
                body = {"client_key": str(uuid4()), "outcome": "left"}
                stored = self._post(f"assignments/{assignment['id']}/comparison/", body, self.verdict_seconds)
                self.acknowledged += [stored["id"]] if "id" in stored else []

    def _post(self, path: str, body: dict[str, str], seconds: list[float]) -> dict[str, object]:
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        start = time.perf_counter()
        self.connection.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
        answer = self.connection.getresponse()
        content = answer.read()
        seconds.append(time.perf_counter() - start)
        if answer.status not in (200, 201):
            self.errors.append(f"{answer.status} {content[:200]!r}")
        return json.loads(content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--annotators", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with running() as app:
        runs = [_run(app.port, options, number) for number in range(options.runs)]
    report("serving", {"database": "SQLite", **vars(options), "each run": runs})


def _run(port: int, options: argparse.Namespace, number: int) -> dict[str, object]:
    project, tokens = _prepare(options.annotators, options.pairs, number)
    annotators = [Annotator(port, project.slug, token) for token in tokens]
    threads = [threading.Thread(target=one.work, args=(time.monotonic() + options.seconds,)) for one in annotators]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _figures(annotators, options.seconds) | _audit(project, annotators)


def _prepare(n_annotators: int, n_pairs: int, number: int):
    """Make a project of short pairs and annotators with tokens."""
    from annotate.formats.rows import ImportedPrompt, ImportedResponse, Message
    from annotate.models import ApiToken, Role, User
    from annotate.services.accounts import create_token, create_user
    from annotate.services.importing import add_rows
    from annotate.services.projects import create_project, set_member

    admin = User.objects.get(is_superuser=True)
    project = create_project(name=f"Load {number}", slug=f"load-{number}", by=admin)
    answers = (ImportedResponse("It is the first."), ImportedResponse("It is the second."))
    rows = (
        ImportedPrompt(place, f"q{place}", (Message("user", f"Question {place}?"),), answers, is_pair=True)
        for place in range(n_pairs)
    )
    add_rows(project=project, rows=rows, by=admin)
    people = [create_user(username=f"annotator-{number}-{n}") for n in range(n_annotators)]
    for person in people:
        set_member(project=project, user=person, role=Role.ANNOTATOR)
    return project, [create_token(user=person, scope=ApiToken.Scope.ANNOTATE) for person in people]


def _figures(annotators: list[Annotator], seconds: float) -> dict[str, object]:
    figures: dict[str, object] = {"cycles/s": round(sum(len(one.acknowledged) for one in annotators) / seconds, 1)}
    for name in ("next_seconds", "verdict_seconds"):
        times = np.concatenate([getattr(one, name) for one in annotators])
        figures |= {f"{name} p50": float(np.median(times)), f"{name} p99": float(np.quantile(times, 0.99))}
    errors = [error for one in annotators for error in one.errors]
    return figures | {"errors": len(errors), "first error": errors[0] if errors else None}


def _audit(project, annotators: list[Annotator]) -> dict[str, int]:
    """Compare the rows with what the clients were told."""
    from django.db.models import Count, F

    from annotate.models import Comparison, Pair

    told = [key for one in annotators for key in one.acknowledged]
    stored = {str(key) for key in Comparison.objects.filter(project=project).values_list("public_id", flat=True)}
    counted = Pair.objects.filter(project=project).annotate(n=Count("assignments__comparisons"))
    return {
        "acknowledged": len(told),
        "lost": len(set(told) - stored),
        "doubled": len(told) - len(set(told)) + len(stored) - len(set(told) & stored),
        "pairs beyond overlap": counted.filter(n__gt=F("overlap")).count(),
    }


if __name__ == "__main__":
    main()
