import pytest
import torch

from trainer.acquire import FEW_LABELS, SHORTLIST, Candidates, pool_variance, prompt_cap, rank_in_group, select_pairs
from trainer.design import Gate, pick_greedily
from trainer.likelihood import fisher_information
from trainer.posterior import Posterior, posterior_over, sharpness

BINARY = torch.zeros(1, dtype=torch.float64)


def make_posterior(n: int, *, size: int = 8, seed: int = 0) -> Posterior:
    generator = torch.Generator().manual_seed(seed)
    coordinates_NK = torch.randn(n, size, generator=generator) / 4
    root = torch.randn(size, size, generator=generator, dtype=torch.float64)
    factor_KK = torch.linalg.cholesky(root @ root.T + torch.eye(size))
    return posterior_over(coordinates_NK, torch.linspace(-1, 1, size, dtype=torch.float64), factor_KK)


def make_candidates(n_prompts: int = 40, *, per_prompt: int = 4, size: int = 8) -> Candidates:
    """Return all pairs of `per_prompt` responses each."""
    posterior = make_posterior(n_prompts * per_prompt, size=size)
    prompt_N = torch.arange(n_prompts).repeat_interleave(per_prompt)
    first, second = torch.triu(prompt_N[:, None] == prompt_N, diagonal=1).nonzero(as_tuple=True)
    pool_KK = pool_variance(posterior, BINARY, first, second)
    variance = posterior.variances(first, second)
    return Candidates(first, second, prompt_N[first], variance, posterior, BINARY, pool_KK)


@pytest.mark.parametrize("strategy", ["vopt", "dopt", "uncertainty", "random", "gumbel"])
@pytest.mark.parametrize("n_labels", [0, FEW_LABELS])
def test_every_strategy_fills_the_queue_with_different_pairs(strategy: str, n_labels: int) -> None:
    selection = select_pairs(make_candidates(), n_pairs=16, n_labels=n_labels, strategy=strategy, seed=1)

    assert len(selection.chosen_Q.unique()) == 16
    assert len(selection.information_Q) == len(selection.propensity_Q) == 16


@pytest.mark.parametrize("strategy", ["vopt", "dopt", "uncertainty", "random", "gumbel"])
def test_where_nothing_can_be_asked_nothing_is_chosen(strategy: str) -> None:
    full = make_candidates()
    none = torch.empty(0, dtype=torch.int64)
    empty = Candidates(none, none, none, torch.empty(0), full.posterior, BINARY, full.pool_KK)

    selection = select_pairs(empty, n_pairs=16, n_labels=500, strategy=strategy, seed=1)

    assert len(selection.chosen_Q) == len(selection.information_Q) == 0


@pytest.mark.parametrize("strategy", ["random", "gumbel"])
def test_a_seed_decides_the_random_strategies(strategy: str) -> None:
    same, again, other = (
        select_pairs(make_candidates(), n_pairs=16, n_labels=0, strategy=strategy, seed=seed).chosen_Q.tolist()
        for seed in (1, 1, 2)
    )

    assert same == again != other


@pytest.mark.parametrize("strategy", ["vopt", "dopt", "uncertainty"])
def test_no_prompt_has_more_than_its_cap(strategy: str) -> None:
    candidates = make_candidates(n_prompts=5)

    selection = select_pairs(candidates, n_pairs=12, n_labels=500, strategy=strategy, seed=0)

    per_prompt = torch.bincount(candidates.prompt_P[selection.chosen_Q])
    assert per_prompt.max() == prompt_cap(candidates.prompt_P, 12) == 3


def test_a_cap_is_two_or_an_equal_share_rounded_up() -> None:
    assert prompt_cap(torch.arange(100), 64) == 2
    assert prompt_cap(torch.tensor([1, 1, 2, 3]), 64) == 22


def test_the_pool_variance_is_the_mean_over_whitened_differences() -> None:
    candidates = make_candidates()
    posterior, first, second = candidates.posterior, candidates.first_P, candidates.second_P
    v = fisher_information(posterior.margins(first, second), BINARY)
    u = posterior.differences(first, second).double()

    expected = u.T @ (v[:, None] * u) / len(u)

    torch.testing.assert_close(candidates.pool_KK.double(), expected, atol=1e-5, rtol=1e-4)


def test_with_few_labels_vopt_is_greedy_over_all_candidates() -> None:
    candidates = make_candidates()
    every = torch.arange(len(candidates.first_P))
    design = candidates.design(every, candidates.pool_KK)
    gate = Gate(candidates.prompt_P, prompt_cap(candidates.prompt_P, 16))
    expected, gains = pick_greedily(design, gate, 16)

    selection = select_pairs(candidates, n_pairs=16, n_labels=0, strategy="vopt", seed=0)

    assert selection.chosen_Q.tolist() == expected
    assert selection.information_Q.tolist() == pytest.approx(gains)


def test_with_many_labels_vopt_looks_only_at_uncertain_pairs() -> None:
    candidates = make_candidates(n_prompts=100)
    posterior, first, second = candidates.posterior, candidates.first_P, candidates.second_P
    moderated = (posterior.margins(first, second) * sharpness(posterior.variances(first, second))).abs()
    uncertain = moderated.argsort()[: 12 * 4].tolist()

    selection = select_pairs(candidates, n_pairs=4, n_labels=FEW_LABELS, strategy="vopt", seed=0)

    assert set(selection.chosen_Q.tolist()) <= set(uncertain)


def test_uncertainty_takes_the_smallest_moderated_margins() -> None:
    candidates = make_candidates(n_prompts=100)
    posterior, first, second = candidates.posterior, candidates.first_P, candidates.second_P
    moderated = (posterior.margins(first, second) * sharpness(posterior.variances(first, second))).abs()

    selection = select_pairs(candidates, n_pairs=2, n_labels=500, strategy="uncertainty", seed=0)

    assert selection.chosen_Q.tolist() == moderated.argsort()[:2].tolist()
    assert selection.information_Q.isnan().all()


def test_dopt_is_exact_beyond_its_shortlist() -> None:
    candidates = make_candidates(n_prompts=700, size=16)
    assert len(candidates.first_P) > SHORTLIST
    every = torch.arange(len(candidates.first_P))
    gate = Gate(candidates.prompt_P, prompt_cap(candidates.prompt_P, 32))
    expected, _ = pick_greedily(candidates.design(every, None), gate, 32)

    selection = select_pairs(candidates, n_pairs=32, n_labels=500, strategy="dopt", seed=0)

    assert selection.chosen_Q.tolist() == expected


def test_random_choices_know_their_propensity() -> None:
    selection = select_pairs(make_candidates(n_prompts=1), n_pairs=4, n_labels=0, strategy="random", seed=0)

    assert selection.propensity_Q.tolist() == pytest.approx([1 / 6, 1 / 5, 1 / 4, 1 / 3])


def test_gumbel_draws_in_proportion_to_the_gain() -> None:
    candidates = make_candidates(n_prompts=1, per_prompt=3)
    gain = candidates.v_optimal_gains()
    draws = [select_pairs(candidates, n_pairs=2, n_labels=0, strategy="gumbel", seed=seed) for seed in range(2000)]

    counts = torch.bincount(torch.tensor([int(draw.chosen_Q[0]) for draw in draws]), minlength=3)

    assert (counts / 2000).tolist() == pytest.approx((gain / gain.sum()).tolist(), abs=0.04)
    one, two = draws[0].chosen_Q.tolist()
    chances = [gain[one] / gain.sum(), gain[two] / (gain.sum() - gain[one])]
    assert draws[0].propensity_Q.tolist() == pytest.approx([float(chance) for chance in chances])


def test_rank_in_group_counts_in_order_of_appearance() -> None:
    assert rank_in_group(torch.tensor([5, 3, 5, 5, 3])).tolist() == [0, 0, 1, 2, 1]
