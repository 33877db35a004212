"""How long does everything between a verdict and a new queue take, database and broker apart?

python -m benchmarks.refit. The humour matrix, 32 new labels since the head before, geometry reused, as at every tick.
"""

from dataclasses import replace
from statistics import median

import numpy as np

from benchmarks.humour import Humour, load_humour
from benchmarks.measure import in_turn, report, spread
from trainer.encoder import EncoderConfig
from trainer.material import FitConfig, Material
from trainer.outcomes import Outcome
from trainer.refit import refit

N_RUNS = 7
N_OPEN = 10_000
APPENDED = 32
CONFIG = FitConfig(prior_precision=1.0)


def material_of(humour: Humour, n_labels: int) -> Material:
    """Return all pairs, 10,000 of them open, and the first labels, as if chance had chosen them."""
    pair_B = humour.pair_B[:n_labels]
    return Material(
        encoder_key="humour",
        embedding_ND=humour.embedding_ND,
        prompt_N=np.zeros(len(humour.embedding_ND), np.int64),
        first_M=humour.first_M,
        second_M=humour.second_M,
        askable_M=np.arange(len(humour.first_M)) < N_OPEN,
        pair_B=pair_B,
        outcome_B=np.where(humour.first_won_B[:n_labels], Outcome.FIRST, Outcome.SECOND).astype(np.int64),
        strength_B=np.zeros(n_labels, np.int64),
        annotator_B=np.zeros(n_labels, np.int64),
        weight_B=np.ones(n_labels),
        tuning_B=np.arange(n_labels) % 5 == 0,
        p_first_shown_B=np.full(n_labels, np.nan),
    )


def measure(humour: Humour, n_labels: int) -> dict[str, object]:
    before = refit(material_of(humour, n_labels - APPENDED), CONFIG, seed=0)
    material = material_of(humour, n_labels)
    parts: list[dict[str, float]] = []

    def next_refit() -> None:
        parts.append(refit(material, CONFIG, previous=before.head, geometry=before.geometry, seed=0).seconds)

    whole = in_turn(N_RUNS, refit=next_refit)["refit"]
    return {
        "labels": n_labels,
        "responses": len(humour.embedding_ND),
        "pairs": len(humour.first_M),
        "open_pairs": N_OPEN,
        "seconds": spread(whole),
        "median_seconds_of_parts": {name: median(part[name] for part in parts) for name in parts[0]},
        "seconds_of_a_first_geometry": before.seconds["geometry"],
        "seconds_with_a_new_prior_precision": _tuned(material),
    }


def _tuned(material: Material) -> dict[str, float]:
    """Time a refit that tunes lambda, its labels spread over 50 pretend prompts so that the rule applies."""
    prompt_N = np.arange(len(material.prompt_N)) % 50
    spread_out = replace(material, prompt_N=prompt_N)
    first = refit(spread_out, FitConfig(), seed=0)
    tuning = in_turn(3, tuned=lambda: refit(spread_out, FitConfig(), geometry=first.geometry, seed=0))
    return spread(tuning["tuned"])


def main() -> None:
    humour = load_humour(EncoderConfig())
    report("refit", {"cases": [measure(humour, n) for n in (2_000, 10_000)]})


if __name__ == "__main__":
    main()
