"""How long does choosing the next 64 pairs take, and what does the shortlist of the V-optimal greedy cost?

python -m benchmarks.selection. Real pairs of the humour matrix; for 100,000 candidates, random pairs of its texts.
"""

from collections.abc import Callable
from functools import partial
from unittest.mock import patch

import numpy as np
import torch

from benchmarks.humour import Humour, load_humour
from benchmarks.measure import as_the_trainer, in_turn, report, spread
from trainer import acquire
from trainer.acquire import STRATEGIES, Candidates, Selection, pool_variance, prompt_cap, select_pairs
from trainer.design import Design, Gate, pick_greedily
from trainer.encoder import EncoderConfig
from trainer.fit import fit_head
from trainer.geometry import Geometry, fit_geometry
from trainer.likelihood import Intervals
from trainer.outcomes import Scale
from trainer.posterior import Posterior, laplace_posterior, posterior_over
from trainer.problem import make_problem

N_RUNS = 7
N_LABELS = 2_000
N_PAIRS = 64
PER_PLACE = (12, 24, 48)  # candidates on the shortlist for each place of the queue
BINARY = torch.zeros(1, dtype=torch.float64)


def posterior_of(geometry: Geometry, humour: Humour, n_labels: int) -> Posterior:
    pair_B = humour.pair_B[:n_labels]
    upper = torch.from_numpy(np.where(humour.first_won_B[:n_labels], 2, 1))
    ends = torch.from_numpy(humour.first_M[pair_B]), torch.from_numpy(humour.second_M[pair_B])
    weight_B = torch.ones(n_labels, dtype=torch.float64)
    problem = make_problem(geometry.coordinates_NK, *ends, Intervals(upper - 1, upper), weight_B, Scale("binary"))
    fit = fit_head(problem, 1.0)
    posterior = laplace_posterior(problem, fit)
    return posterior_over(geometry.coordinates_NK, fit.point.weight_K, posterior.factor_KK)


def candidates_of(posterior: Posterior, humour: Humour, n: int) -> Candidates:
    rng = np.random.default_rng(0)
    if n <= len(humour.first_M):
        some = rng.choice(len(humour.first_M), n, replace=False)
        ends = humour.first_M[some], humour.second_M[some]
    else:
        first = rng.integers(0, len(humour.embedding_ND), n)
        ends = first, (first + rng.integers(1, len(humour.embedding_ND), n)) % len(humour.embedding_ND)
    first_P, second_P = (torch.from_numpy(end) for end in ends)
    pool_KK = pool_variance(posterior, BINARY, first_P, second_P)
    variance_P = posterior.variances(first_P, second_P)
    return Candidates(first_P, second_P, torch.zeros_like(first_P), variance_P, posterior, BINARY, pool_KK)


def select(
    candidates: Candidates, strategy: str, n_labels: int, per_place: int = acquire.SHORTLIST_PER_PLACE
) -> Callable[[], Selection]:
    def selection() -> Selection:
        with patch.object(acquire, "SHORTLIST_PER_PLACE", per_place):
            return select_pairs(candidates, n_pairs=N_PAIRS, n_labels=n_labels, strategy=strategy, seed=0)

    return selection


def gain_of_all(candidates: Candidates) -> float:
    """Return the total gain of the greedy over every candidate."""
    every = torch.arange(len(candidates.first_P))
    gate = Gate(candidates.prompt_P, prompt_cap(candidates.prompt_P, N_PAIRS))
    return sum(pick_greedily(candidates.design(every, candidates.pool_KK), gate, N_PAIRS)[1])


def gathered(selection: Callable[[], Selection]) -> float:
    return selection().information_Q.sum().item()


def growing_gains(candidates: Candidates) -> dict[str, float]:
    """Say how often, and how far, a candidate's V-optimal gain grows when another pair is picked."""
    some = torch.arange(0, len(candidates.first_P), 20)
    design: Design = candidates.design(some, candidates.pool_KK)
    before = design.gains()
    design.pick(int(before.argmax()))
    growth = design.gains() / before
    return {"share_that_grew": (growth > 1 + 1e-6).double().mean().item(), "most_growth": growth.max().item()}


def main() -> None:
    as_the_trainer()
    humour = load_humour(EncoderConfig())
    ends = torch.from_numpy(humour.first_M), torch.from_numpy(humour.second_M)
    geometry = fit_geometry(torch.from_numpy(humour.embedding_ND), *ends, seed=0)
    posterior = posterior_of(geometry, humour, N_LABELS)
    cold = candidates_of(posterior_of(geometry, humour, 0), humour, 10_000)
    warm = candidates_of(posterior, humour, 10_000)
    most = gain_of_all(warm)
    figures: dict[str, object] = {
        "labels": N_LABELS,
        "directions": posterior.whitened_NK.shape[1],
        "share_of_brute_force": {
            "few_labels": gathered(select(cold, "vopt", 0)) / gain_of_all(cold),
            **{f"least_certain_{n}_a_place": gathered(select(warm, "vopt", N_LABELS, n)) / most for n in PER_PLACE},
        },
        "after_one_pick": growing_gains(warm),
    }
    for n in (10_000, 100_000):
        candidates = candidates_of(posterior, humour, n)
        sides = {strategy: select(candidates, strategy, N_LABELS) for strategy in STRATEGIES}
        sides |= {f"vopt_{n}_a_place": select(candidates, "vopt", N_LABELS, n) for n in PER_PLACE[1:]}
        sides |= {"vopt_few_labels": select(candidates, "vopt", 0)}
        ends = candidates.first_P, candidates.second_P
        sides |= {"pool_variance": partial(pool_variance, posterior, BINARY, *ends)}
        sides |= {"variances": partial(posterior.variances, *ends)}
        figures[f"seconds_of_{n}"] = {name: spread(times) for name, times in in_turn(N_RUNS, **sides).items()}
    report("selection", figures)


if __name__ == "__main__":
    main()
