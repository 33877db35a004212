"""How much memory does a fit of a million responses take, and how long to fill and to open its file of embeddings?

python -m benchmarks.scale. A million synthetic vectors of 512 numbers go straight into the trainer's file, in pairs of
one prompt each, and N_STORED more through a database, as embed runs store them, and out of it into a file. Memory is
what the process alone holds (RssAnon): mapped files are the system's to drop.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

import numpy as np

from benchmarks.measure import as_the_trainer, report
from trainer.material import FitConfig, Material
from trainer.outcomes import Outcome
from trainer.refit import refit
from trainer.vector_file import Row, VectorFile

N, D, N_LABELS = 1_000_000, 512, 100_000
N_STORED, D_STORED = 20_000, 5376
BLOCK = 2**14
MOST_GIB = 2.0
SAMPLE_SECONDS = 0.02


def own_memory() -> int:
    """Return the bytes that belong to this process alone."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


@contextmanager
def peak_memory(peak: list[int]) -> Iterator[None]:
    """Append the most memory that the process held meanwhile."""
    over, seen = Event(), [0]

    def watch() -> None:
        while not over.wait(SAMPLE_SECONDS):
            seen[0] = max(seen[0], own_memory())

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        peak.append(seen[0])


def made_rows(last: int) -> Iterator[Row]:
    """Yield vectors whose spectrum falls as that of real embeddings does."""
    spread = np.arange(1, D + 1) ** -0.7
    for start in range(last, N, BLOCK):
        random = np.random.default_rng(start)
        block = (random.standard_normal((BLOCK, D), np.float32) * spread).astype("<f2")
        yield from ((start + i + 1, row.tobytes()) for i, row in enumerate(block[: N - start]))


def made_material(embedding_ND: np.ndarray) -> Material:
    """Return a pair per prompt; a fifth of the pairs has a label, of people who go by known rewards."""
    random, n_pairs = np.random.default_rng(0), N // 2
    weight_D = random.standard_normal(D)
    first_M, pair_B = np.arange(0, N, 2), random.permutation(n_pairs)[:N_LABELS]
    ends = (embedding_ND[first_M[pair_B] + side].astype(np.float32) @ weight_D for side in (0, 1))
    first_won_B = np.subtract(*ends) + random.logistic(size=N_LABELS) > 0
    return Material(
        encoder_key="made",
        embedding_ND=embedding_ND,
        prompt_N=np.arange(N) // 2,
        first_M=first_M,
        second_M=first_M + 1,
        askable_M=np.full(n_pairs, True),
        pair_B=pair_B,
        outcome_B=np.where(first_won_B, Outcome.FIRST, Outcome.SECOND).astype(np.int64),
        strength_B=np.zeros(N_LABELS, np.int64),
        annotator_B=random.integers(0, 20, N_LABELS),
        weight_B=np.ones(N_LABELS),
        tuning_B=np.full(N_LABELS, True),
        p_first_shown_B=np.full(N_LABELS, np.nan),
    )


def fit_of_a_million(folder: Path) -> dict[str, object]:
    peak: list[int] = []
    start = perf_counter()
    rows = VectorFile(folder / "million").extend(made_rows)
    filling = perf_counter() - start
    material, before = made_material(rows.embedding_ND), own_memory()
    start = perf_counter()
    with peak_memory(peak):
        first = refit(material, FitConfig(), seed=0)
    cold = perf_counter() - start
    start = perf_counter()
    with peak_memory(peak):
        again = refit(material, FitConfig(), previous=first.head, geometry=first.geometry, seed=0)
    return {
        "responses": N,
        "size": D,
        "labels": N_LABELS,
        "pairs": len(material.first_M),
        "seconds_to_fill_the_file": filling,
        "seconds_of_a_first_refit": cold,
        "seconds_of_a_warm_refit": perf_counter() - start,
        "own_memory_gib": {
            "before": before / 2**30,
            "first": peak[0] / 2**30,
            "warm": peak[1] / 2**30,
            "required_below": MOST_GIB,
            "reached": max(peak) / 2**30 < MOST_GIB,
        },
        "seconds_by_part": first.seconds,
        "leave_one_out_accuracy": again.metrics["loo_accuracy"],
    }


def through_a_database(folder: Path) -> dict[str, object]:
    os.environ |= {"TIEBREAK_DATA_DIR": str(folder), "DEBUG": "1", "DJANGO_SETTINGS_MODULE": "annotate.settings"}
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    from annotate.models import Project, Prompt, Response
    from annotate.selectors.training_rows import vectors
    from annotate.services.embeddings import store_embeddings

    project = Project.objects.create(slug="scale", name="Scale", encoder_key="made")
    prompt = Prompt.objects.create(project=project, messages=[{"role": "user", "content": "?"}], text_hash="p")
    Response.objects.bulk_create(
        (Response(project=project, prompt=prompt, text=str(i), text_hash=str(i)) for i in range(N_STORED)),
        batch_size=5000,
    )
    random, ids = np.random.default_rng(0), list(project.responses.order_by("pk").values_list("pk", flat=True))
    start = perf_counter()
    for some in np.array_split(ids, N_STORED // 256):
        made = random.standard_normal((len(some), D_STORED)).astype("<f2")
        store_embeddings(encoder_key="made", vectors=zip(map(int, some), map(bytes, made), strict=True))
    storing = perf_counter() - start
    file, peak, before = VectorFile(folder / "stored"), list[int](), own_memory()
    start = perf_counter()
    with peak_memory(peak):
        file.extend(lambda last: vectors(project, "made", after=last))
    filling = perf_counter() - start
    start = perf_counter()
    assert len(file.rows().response_N) == N_STORED
    return {
        "responses": N_STORED,
        "size": D_STORED,
        "database": django.db.connection.vendor,
        "responses_per_second_into_the_database": N_STORED / storing,
        "responses_per_second_into_the_file": N_STORED / filling,
        "own_memory_mib": {"before": before / 2**20, "filling": peak[0] / 2**20},
        "milliseconds_to_open_the_file": 1000 * (perf_counter() - start),
    }


def main() -> None:
    as_the_trainer()
    with tempfile.TemporaryDirectory(prefix="tiebreak-scale-") as folder:
        figures = {"through_a_database": through_a_database(Path(folder)), "fit": fit_of_a_million(Path(folder))}
    report("scale", figures)


if __name__ == "__main__":
    main()
