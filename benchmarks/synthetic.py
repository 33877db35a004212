"""A made-up project of any size: embeddings with a falling spectrum, people who go by known rewards."""

import numpy as np
import torch

from trainer.material import Material
from trainer.outcomes import Outcome

RESPONSES_PER_PROMPT, PAIRS_PER_PROMPT = 20, 100
N_FACTORS, FALL = 800, 0.7  # of the embeddings: factor k has a standard deviation of k^-FALL
ROWS = 4096


def make_material(n_responses: int, n_labels: int, *, size: int, seed: int = 0) -> Material:
    """Return a project of n_responses / 20 prompts of 20 responses each, labels spread over its pairs at random.

    A fifth of the pairs is audit; their labels were predicted at random.
    """
    rng, n_prompts = np.random.default_rng(seed), n_responses // RESPONSES_PER_PROMPT
    reward_N, embedding_ND = _embeddings(n_responses, size, rng)
    couples = np.stack(np.triu_indices(RESPONSES_PER_PROMPT, 1), 1)
    chosen = rng.random((n_prompts, len(couples))).argsort(1)[:, :PAIRS_PER_PROMPT]
    start = RESPONSES_PER_PROMPT * np.arange(n_prompts)[:, None, None]
    first_M, second_M = (couples[chosen] + start).reshape(-1, 2).T
    n_pairs = len(first_M)
    pair_B = rng.permutation(np.arange(n_labels) % n_pairs)
    audit_M = rng.random(n_pairs) < 0.2
    first_won_B = reward_N[first_M[pair_B]] - reward_N[second_M[pair_B]] + rng.logistic(size=n_labels) > 0
    return Material(
        encoder_key="synthetic",
        embedding_ND=embedding_ND,
        prompt_N=np.arange(n_responses) // RESPONSES_PER_PROMPT,
        first_M=first_M,
        second_M=second_M,
        askable_M=~audit_M,
        pair_B=pair_B,
        outcome_B=np.where(first_won_B, Outcome.FIRST, Outcome.SECOND).astype(np.int64),
        strength_B=np.zeros(n_labels, np.int64),
        annotator_B=rng.integers(0, 20, n_labels),
        weight_B=np.ones(n_labels),
        tuning_B=audit_M[pair_B],
        p_first_shown_B=np.where(audit_M[pair_B], rng.uniform(0.1, 0.9, n_labels), np.nan),
    )


def _embeddings(n: int, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return rewards of unit spread and the embeddings they are linear in, but for rounding to fp16."""
    n_factors = min(N_FACTORS, size)
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    turn = torch.randn(n_factors, size, generator=generator) / size**0.5
    spread = torch.arange(1, n_factors + 1) ** -FALL
    weight = torch.randn(n_factors, generator=generator)
    embedding_ND = np.empty((n, size), np.float16)
    reward_N = np.empty(n)
    for start in range(0, n, ROWS):
        factors = spread * torch.randn(min(ROWS, n - start), n_factors, generator=generator)
        embedding_ND[start : start + ROWS] = (factors @ turn).half().numpy()
        reward_N[start : start + ROWS] = (factors @ weight).numpy()
    return reward_N / reward_N.std(), embedding_ND
