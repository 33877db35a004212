"""Verdict committed to snapshot live and queue re-ranked: real Redis, worker and database; one verdict at a time.

2,000 comparisons and 10,000 open pairs of recorded humour preferences; embeddings and geometry are there already.
The figure must hold: median <= 2 s, 95th percentile <= 4 s.
"""

import argparse
import random
import time
from io import BytesIO
from uuid import uuid4

import numpy as np

from benchmarks.measure import data_file, report, spread
from benchmarks.running import running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=40, help="verdicts to time")
    parser.add_argument("--comparisons", type=int, default=2000)
    parser.add_argument("--pairs", type=int, default=10_000)
    options = parser.parse_args()
    path = data_file("humour_gppl.jsonl.gz")
    with running():
        prepared = _prepare(path.read_bytes(), options.comparisons, options.pairs)
        seconds = [_verdict_to_snapshot(*prepared) for _ in range(options.n)]
    report(
        "loop",
        {
            "comparisons": options.comparisons,
            "open pairs": options.pairs,
            "verdicts": options.n,
            "seconds from verdict to snapshot and queue": spread(seconds) | {"p95": float(np.quantile(seconds, 0.95))},
        },
    )


def _prepare(content: bytes, n_comparisons: int, n_pairs: int) -> tuple[object, object]:
    """Import the pairs with as many of their labels as asked for, and wait until the trainer has caught up."""
    from dataclasses import replace

    from annotate.formats.jsonl import read_rows
    from annotate.formats.rows import ImportedPrompt
    from annotate.models import User
    from annotate.services.importing import add_rows
    from annotate.services.projects import create_project

    admin = User.objects.get(is_superuser=True)
    project = create_project(name="Humour", slug="humour", by=admin, audit_share=0.0, repeat_share=0.0)
    rows = [row for row in read_rows(BytesIO(content)) if isinstance(row, ImportedPrompt)]
    rows = random.Random(0).sample(rows, n_pairs)
    labelled = [replace(row, labels=row.labels[:1] if place < n_comparisons else ()) for place, row in enumerate(rows)]
    add_rows(project=project, rows=labelled, by=admin)
    print("imported; waiting for the embeddings and the first snapshot", flush=True)
    _wait_for_snapshot(project, n_comparisons)
    return project, admin


def _verdict_to_snapshot(project: object, annotator: object) -> float:
    """Judge the next pair at a random moment of the tick; return the seconds until a snapshot and queue include it."""
    from annotate.models import Comparison, Outcome
    from annotate.services.assigning import lease_pairs
    from annotate.services.comparing import record_comparison

    (assignment,) = lease_pairs(project=project, annotator=annotator)
    time.sleep(random.random())
    record_comparison(assignment=assignment, outcome=Outcome.FIRST, client_key=uuid4(), by=annotator)
    start = time.perf_counter()
    _wait_for_snapshot(project, Comparison.objects.filter(project=project).count())
    return time.perf_counter() - start


def _wait_for_snapshot(project: object, n_comparisons: int) -> None:
    from annotate.models import QueuedPair

    fresh = QueuedPair.objects.filter(project=project, snapshot__n_comparisons__gte=n_comparisons)
    give_up = time.monotonic() + 600
    while not fresh.exists():
        if time.monotonic() > give_up:
            raise SystemExit("no snapshot came within ten minutes")
        time.sleep(0.01)


if __name__ == "__main__":
    main()
