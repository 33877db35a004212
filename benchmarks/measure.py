"""How every benchmark measures and reports: both sides in turn in one run, their spread, and the machine."""

import json
import os
import platform
import statistics
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import perf_counter, sleep

from annotate.supervisor.programs import trainer_program

RESULTS = Path(__file__).parent / "results"
DATA = Path(os.environ.get("PREFERENCE_DATA", "../shared/data"))
FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
SETTLE_SECONDS = 0.2  # threads of a numerical library spin for a while after its last call, at the next side's cost

Seconds = dict[str, list[float]]


def as_the_trainer() -> None:
    """Begin this program anew in the environment that the trainer has, unless it is in it: both sides then have it."""
    own = trainer_program().environment
    if not own.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **own})


def data_file(name: str) -> Path:
    """Return a file of recorded preferences; without it the benchmark ends here and says why."""
    path = DATA / name
    if not path.is_file():
        print(f"skipped: {path} is not there; set PREFERENCE_DATA to the folder of recorded preferences")
        sys.exit(0)
    return path


def in_turn(n: int, **sides: Callable[[], object]) -> Seconds:
    """Time each side `n` times, the sides taking turns so that a busy moment hits all of them; one warm-up each."""
    seconds: Seconds = {name: [] for name in sides}
    for turn in range(n + 1):
        for name, side in sides.items():
            sleep(SETTLE_SECONDS)
            start = perf_counter()
            side()
            if turn:
                seconds[name].append(perf_counter() - start)
    return seconds


def spread(seconds: list[float]) -> dict[str, float]:
    return {"min": min(seconds), "median": statistics.median(seconds), "max": max(seconds)}


def machine() -> str:
    import torch

    cores = len(os.sched_getaffinity(0))
    has = [flag for flag, there in torch.cpu.get_capabilities().items() if there is True and flag in FLAGS]
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    load = os.getloadavg()[0]
    return (
        f"{cores} cores, {platform.machine()} with {' '.join(has)}, {gpu}, torch {torch.__version__}, load {load:.1f}"
    )


def report(name: str, figures: dict[str, object]) -> None:
    """Print the figures and keep them as benchmarks/results/NAME.json."""
    content = {"benchmark": name, "date": date.today().isoformat(), "machine": machine(), **figures}
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(content, indent=2)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    print(text)
