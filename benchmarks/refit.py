"""How long does everything between a verdict and a new queue take, database and broker apart?

python -m benchmarks.refit. A made-up project with embeddings of 5,376 numbers, 32 new labels since the head before,
the rotation to 512 directions and lambda kept, as at every tick: fit, leave-one-out, temperature, metrics, a prediction
of every pair and a queue of 64. Beside it what comes seldom: a first rotation, a new lambda, a head at full rank.
"""

from dataclasses import replace
from statistics import median

from benchmarks.measure import as_the_trainer, in_turn, report, spread
from benchmarks.synthetic import make_material
from trainer.full_rank import full_rank
from trainer.material import FitConfig, Material
from trainer.refit import Refit, refit

N_RUNS, N_SELDOM_RUNS = 7, 3
SIZE = 5_376
APPENDED = 32
CASES = [(10_000, 2_000), (100_000, 20_000)]  # labels and pairs, responses
KEPT = FitConfig(prior_precision=1.0)


def without_the_newest(material: Material) -> Material:
    labels = {name: column[:-APPENDED] for name, column in vars(material).items() if name.endswith("_B")}
    return replace(material, **labels)


def measure(n_labels: int, n_responses: int) -> dict[str, object]:
    material = make_material(n_responses, n_labels, size=SIZE)
    before = refit(without_the_newest(material), KEPT, seed=0)
    parts: list[dict[str, float]] = []

    def next_refit() -> Refit:
        result = refit(material, KEPT, previous=before.head, geometry=before.geometry, seed=0)
        parts.append(result.seconds)
        return result

    seconds = in_turn(N_RUNS, refit=next_refit)["refit"]
    seldom = in_turn(
        N_SELDOM_RUNS,
        new_prior_precision=lambda: refit(material, FitConfig(), geometry=before.geometry, seed=0),
        full_rank=lambda: full_rank(material, KEPT, before.head, before.geometry),
    )
    return {
        "labels": n_labels,
        "responses": n_responses,
        "pairs": len(material.first_M),
        "seconds": spread(seconds),
        "median_seconds_of_parts": {name: median(part[name] for part in parts) for name in parts[0]},
        "seconds_of_a_first_rotation": before.seconds["geometry"],
        "seconds_with": {name: spread(times) for name, times in seldom.items()},
    }


def main() -> None:
    as_the_trainer()
    report("refit", {"cases": [measure(*case) for case in CASES]})


if __name__ == "__main__":
    main()
