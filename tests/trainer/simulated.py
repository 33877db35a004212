"""People with known rewards: problems and projects whose truth the tests know."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from trainer.likelihood import Intervals
from trainer.material import Material
from trainer.outcomes import Outcome, Scale, ScaleName, verdict_intervals
from trainer.problem import Problem, make_problem
from trainer.rankings import Rankings, make_stages

TIE_EDGE = 0.7
SCALES: tuple[ScaleName, ...] = ("binary", "ties", "strength5", "strength7")


def make_small_problem(
    scale: ScaleName = "binary", *, n_labels: int = 60, n_responses: int = 12, size: int = 4, seed: int = 0
) -> Problem:
    """Return random labels on random pairs, with random weights."""
    rng = np.random.default_rng(seed)
    first_B, second_B = make_ends(rng, n_labels, n_responses)
    coordinates_NK = torch.from_numpy(rng.standard_normal((n_responses, size)) / np.sqrt(2 * size)).float()
    outcome_B = rng.integers(0, 2 if scale == "binary" else 3, n_labels)
    strength_B = rng.integers(0, 4, n_labels)
    weight_B = rng.uniform(0.5, 1.5, n_labels)
    lower, upper, weight = verdict_intervals(outcome_B, strength_B, weight_B, Scale(scale))
    intervals = Intervals(torch.from_numpy(lower), torch.from_numpy(upper))
    ends = torch.from_numpy(first_B), torch.from_numpy(second_B)
    return make_problem(coordinates_NK, *ends, intervals, torch.from_numpy(weight), Scale(scale))


def make_mixed_problem(scale: ScaleName = "binary", *, n_labels: int = 60, n_rankings: int = 20) -> Problem:
    """Return soft labels that ask for a lead, and rankings of 2 to 5 responses with ties, with random weights."""
    plain, rng = make_small_problem(scale, n_labels=n_labels), np.random.default_rng(1)
    sure, lead = rng.uniform(0.5, 1, n_labels), rng.uniform(-1, 1, n_labels)
    intervals = replace(plain.intervals, sure_B=torch.from_numpy(sure), lead_B=torch.from_numpy(lead))
    rankings = make_rankings(rng, n_rankings, len(plain.coordinates_RK))
    edges = rankings.edges()
    first, second = (torch.from_numpy(end) for end in edges.ends(rankings))
    ends = torch.cat([plain.graph.first, first]), torch.cat([plain.graph.second, second])
    weight = torch.cat([plain.weight_B, torch.from_numpy(rankings.weight_G[edges.ranking_E])])
    stages = make_stages(rankings, edges, torch.device("cpu"))
    return make_problem(plain.coordinates_RK, *ends, intervals, weight, Scale(scale), stages)


def make_rankings(rng: np.random.Generator, n: int, n_responses: int, *, ties: bool = True) -> Rankings:
    response = np.stack([rng.permutation(n_responses)[:5] for _ in range(n)])
    response[np.arange(5) >= rng.integers(2, 6, n)[:, None]] = -1
    level = np.cumsum(rng.integers(0 if ties else 1, 2, (n, 5)), 1)
    return Rankings(response, level, rng.uniform(0.5, 1.5, n))


def make_ends(
    rng: np.random.Generator, n_pairs: int, n_responses: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    first = rng.integers(0, n_responses, n_pairs)
    return first, (first + rng.integers(1, n_responses, n_pairs)) % n_responses


@dataclass(frozen=True)
class Truth:
    """What a simulated project's people go by. margin_M: true margins; margin_B: those of the labelled pairs."""

    weight_D: npt.NDArray[np.float64]
    margin_M: npt.NDArray[np.float64]
    margin_B: npt.NDArray[np.float64]


def make_material(
    *,
    n_labels: int = 200,
    n_prompts: int = 20,
    responses_per_prompt: int = 4,
    size: int = 16,
    seed: int = 0,
    spread: float = 1.0,
    tie_edge: float = 0.0,
    tuning_share: float = 1.0,
) -> tuple[Material, Truth]:
    """Return a project of random embeddings whose people answer by true margins of standard deviation `spread`.

    Within `tie_edge` of zero, noise included, they call a tie.
    """
    rng = np.random.default_rng(seed)
    n = n_prompts * responses_per_prompt
    embedding_ND = rng.standard_normal((n, size)).astype(np.float16)
    prompt_N = np.repeat(np.arange(n_prompts), responses_per_prompt)
    first_M, second_M = np.nonzero(np.triu(prompt_N[:, None] == prompt_N, 1))
    weight_D = rng.standard_normal(size)
    difference_MD = embedding_ND[first_M].astype(float) - embedding_ND[second_M]
    weight_D *= spread / np.sqrt(2 * weight_D @ weight_D)
    margin_M = difference_MD @ weight_D
    pair_B = rng.integers(0, len(first_M), n_labels)
    felt_B = margin_M[pair_B] + rng.logistic(size=n_labels)
    outcome_B = np.where(felt_B > 0, Outcome.FIRST, Outcome.SECOND)
    outcome_B = np.where(np.abs(felt_B) < tie_edge, Outcome.TIE, outcome_B)
    material = Material(
        encoder_key="simulated",
        embedding_ND=embedding_ND,
        prompt_N=prompt_N,
        first_M=first_M,
        second_M=second_M,
        askable_M=np.ones(len(first_M), bool),
        pair_B=pair_B,
        outcome_B=outcome_B.astype(np.int64),
        strength_B=np.zeros(n_labels, np.int64),
        annotator_B=rng.integers(0, 3, n_labels),
        weight_B=np.ones(n_labels),
        tuning_B=rng.random(n_labels) < tuning_share,
        p_first_shown_B=np.full(n_labels, np.nan),
    )
    return material, Truth(weight_D, margin_M, margin_M[pair_B])
