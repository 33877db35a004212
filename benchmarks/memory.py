"""Does a million responses fit? The peak memory of a whole refit at 1,000,000 responses x 512, rotation included.

python -m benchmarks.memory [RESPONSES]. Embeddings lie in a file that is mapped, as the trainer's cache does it. Own
memory is what no file backs (RssAnon): pages of files can be dropped at any time. What the labels and pairs of the
project take before the refit is told apart.
"""

import sys
import tempfile
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

import numpy as np

from benchmarks.measure import report
from benchmarks.synthetic import make_material
from trainer.material import FitConfig
from trainer.refit import refit

SIZE = 512
GIB = 2**30


def own_memory() -> int:
    """Return bytes that are in memory and in no file."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


class Peak:
    """The most own memory between entering and leaving, looked at every few milliseconds."""

    def __enter__(self) -> "Peak":
        self.most, self._over = own_memory(), Event()
        self._thread = Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            self.most = max(self.most, own_memory())


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        shape = (n, SIZE)
        embedding_ND = np.memmap(Path(folder) / "embeddings", np.float16, "w+", shape=shape)
        material = make_material(n, n, size=SIZE, pairs_per_prompt=20, embedding_ND=embedding_ND)
        before, start = own_memory(), perf_counter()
        with Peak() as peak:
            result = refit(material, FitConfig(prior_precision=1.0), seed=0)
        report(
            "memory",
            {
                "responses": n,
                "labels": len(material.pair_B),
                "pairs": len(material.first_M),
                "directions": SIZE,
                "own_gib_before": before / GIB,
                "own_gib_of_the_refit": (peak.most - before) / GIB,
                "seconds": perf_counter() - start,
                "seconds_of_parts": result.seconds,
                "loo_accuracy": result.metrics["loo_accuracy"],
            },
        )


if __name__ == "__main__":
    main()
