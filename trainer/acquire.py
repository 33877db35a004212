"""Which pairs to ask about next: the strategies, their caps and shortlists; the greedy step is in design.py."""

from dataclasses import dataclass
from math import ceil
from typing import Literal, get_args

import torch
from torch import Tensor

from trainer.design import Design, Gate, pick_greedily
from trainer.graph import comparison_graph
from trainer.likelihood import fisher_information
from trainer.posterior import PAIRS, Posterior, sharpness

Strategy = Literal["vopt", "dopt", "uncertainty", "random", "gumbel"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
FEW_LABELS = 100  # below this every candidate is looked at: the margins say nothing yet
SHORTLIST_PER_PLACE = 12
SHORTLIST = 2048  # of dopt, doubled until it is exact
FEW_LABELS_SHORTLIST = 1024  # of vopt: 0.6 % short of all 10,000 in benchmarks/selection.py


@dataclass(frozen=True)
class Candidates:
    """Pairs that may be asked about (P of them), under the posterior that is to learn from the answers.

    variance_P: the posterior's variances of their margins. pool_KK: what the answers are for (`pool_variance`).
    """

    first_P: Tensor
    second_P: Tensor
    prompt_P: Tensor
    variance_P: Tensor
    posterior: Posterior
    cuts_C: Tensor
    pool_KK: Tensor

    def margins(self) -> Tensor:
        return self.posterior.margins(self.first_P, self.second_P)

    def design(self, some: Tensor, pool_KK: Tensor | None) -> Design:
        first, second = self.first_P[some], self.second_P[some]
        v_P = fisher_information(self.posterior.margins(first, second), self.cuts_C)
        return Design(self.posterior.differences(first, second), v_P, pool_KK)

    def v_optimal_gains(self) -> Tensor:
        every = torch.arange(len(self.first_P), device=self.first_P.device)
        return torch.cat([self.design(some, self.pool_KK).gains() for some in torch.split(every, PAIRS)])

    def d_optimal_gains(self) -> Tensor:
        return torch.log1p(fisher_information(self.margins(), self.cuts_C) * self.variance_P) / 2

    def gate(self, some: Tensor, n_pairs: int) -> Gate:
        return Gate(self.prompt_P[some], prompt_cap(self.prompt_P, n_pairs))


@dataclass(frozen=True)
class Selection:
    """Chosen candidates, best first, with numbers that are NaN where the strategy has none.

    information_Q: fall of the mean predictive variance (vopt, gumbel) or nats (dopt).
    propensity_Q: the probability of this choice given the choices before it (random, gumbel).
    """

    chosen_Q: Tensor
    information_Q: Tensor
    propensity_Q: Tensor


def pool_variance(posterior: Posterior, cuts_C: Tensor, first_M: Tensor, second_M: Tensor) -> Tensor:
    """Return L^-1 M L^-T, M = mean over the project's pairs of v d d^T, through the Laplacian of all pairs."""
    graph = comparison_graph(first_M, second_M, len(posterior.whitened_NK))
    information_M = fisher_information(posterior.margins(first_M, second_M), cuts_C)
    return graph.gram(posterior.whitened_NK, information_M).float() / max(len(first_M), 1)


def select_pairs(candidates: Candidates, *, n_pairs: int, n_labels: int, strategy: Strategy, seed: int) -> Selection:
    """Choose up to `n_pairs` candidates: fewer when caps or near-duplicates leave fewer, none when there are none."""
    if not len(candidates.first_P):
        return _selection(candidates.prompt_P, [])
    if strategy == "random":
        return _random(candidates, n_pairs, seed)
    if strategy == "gumbel":
        return _gumbel(candidates, n_pairs, seed)
    if strategy == "uncertainty":
        return _selection(_capped(_by_certainty(candidates), candidates, n_pairs)[:n_pairs], [])
    if strategy == "dopt":
        return _certified_dopt(candidates, n_pairs)
    return _greedy(candidates, _shortlist(candidates, n_pairs, n_labels), candidates.pool_KK, n_pairs)


def prompt_cap(prompt_P: Tensor, n_pairs: int) -> int:
    """Return how many pairs of one prompt a batch may hold: max(2, n_pairs / prompts), rounded up."""
    return max(2, ceil(n_pairs / max(len(torch.unique(prompt_P)), 1)))


def _greedy(candidates: Candidates, shortlist: Tensor, pool_KK: Tensor | None, n_pairs: int) -> Selection:
    design = candidates.design(shortlist, pool_KK)
    chosen, gains = pick_greedily(design, candidates.gate(shortlist, n_pairs), n_pairs)
    return _selection(shortlist[chosen], gains)


def _shortlist(candidates: Candidates, n_pairs: int, n_labels: int) -> Tensor:
    """Return the 12 candidates per place with the smallest moderated margin; with few labels, the largest gains."""
    if n_labels < FEW_LABELS:
        return candidates.v_optimal_gains().argsort(descending=True, stable=True)[:FEW_LABELS_SHORTLIST]
    order = _by_certainty(candidates)
    return _capped(order, candidates, n_pairs, SHORTLIST_PER_PLACE)[: SHORTLIST_PER_PLACE * n_pairs]


def _certified_dopt(candidates: Candidates, n_pairs: int) -> Selection:
    """Run the log-det greedy on the candidates with the largest first gains, as many as make it exact.

    Log-det gains only shrink, so a pick that beats every first gain left out beats every candidate.
    """
    gain_P, order = candidates.d_optimal_gains().sort(descending=True, stable=True)
    size = SHORTLIST
    while True:
        selection = _greedy(candidates, order[:size], None, n_pairs)
        # A pick cut short by caps or near-duplicates would have gone on among those left out.
        if size >= len(order) or _least_gain(selection, n_pairs) >= gain_P[size]:
            return selection
        size *= 2


def _least_gain(selection: Selection, n_pairs: int) -> float:
    return selection.information_Q.min().item() if len(selection.chosen_Q) == n_pairs else 0.0


def _by_certainty(candidates: Candidates) -> Tensor:
    """Order candidates by |margin| / sqrt(1 + pi s / 8), the least certain first."""
    moderated_P = candidates.margins() * sharpness(candidates.variance_P)
    return moderated_P.abs().argsort(stable=True)


def _capped(order: Tensor, candidates: Candidates, n_pairs: int, times: int = 1) -> Tensor:
    """Keep the first few of each prompt: `times` what a batch may hold of it."""
    prompt = candidates.prompt_P[order]
    return order[rank_in_group(prompt) < times * prompt_cap(candidates.prompt_P, n_pairs)]


def rank_in_group(group: Tensor) -> Tensor:
    """Return 0, 1, 2, ... for the items of each group, in the order they stand."""
    order = group.argsort(stable=True)
    size = torch.unique_consecutive(group[order], return_counts=True)[1]
    start = (size.cumsum(0) - size).repeat_interleave(size)
    rank = torch.empty_like(group)
    rank[order] = torch.arange(len(group), device=group.device) - start
    return rank


def _random(candidates: Candidates, n_pairs: int, seed: int) -> Selection:
    n = len(candidates.first_P)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))[:n_pairs]
    left = n - torch.arange(len(order), dtype=torch.float64)
    return _selection(order.to(candidates.first_P.device), [], (1 / left).tolist())


def _gumbel(candidates: Candidates, n_pairs: int, seed: int) -> Selection:
    """Draw without replacement with probability proportional to the first gain (Gumbel top-k).

    Kool, van Hoof & Welling 2019. No caps here: they would make the propensities false.
    """
    gain_P = candidates.v_optimal_gains().cpu()
    uniform = torch.rand(len(gain_P), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    order = (gain_P.log() - torch.log(-torch.log(uniform))).argsort(descending=True)[:n_pairs]
    chosen = gain_P[order]
    left = gain_P.sum() - chosen.cumsum(0) + chosen
    device = candidates.first_P.device
    return _selection(order.to(device), chosen.tolist(), (chosen / left).tolist())


def _selection(chosen: Tensor, information: list[float], propensity: list[float] | None = None) -> Selection:
    unknown = [torch.nan] * len(chosen)
    numbers = (torch.tensor(values or unknown, dtype=torch.float64) for values in (information, propensity))
    return Selection(chosen, *numbers)
