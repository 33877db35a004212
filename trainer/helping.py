"""Is active selection helping? Heads of chosen labels against heads of as many random ones, on other random ones."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from trainer.fit import fit_head
from trainer.honesty import Interval, bootstrap_interval, correctness, log_losses, luck_groups
from trainer.likelihood import decisive_probability, tie_edge
from trainer.posterior import laplace_posterior, sharpness
from trainer.problem import Problem
from trainer.tune import DEFAULT_PRECISION

N_SPLITS = 5

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Helping:
    """How much better heads predict from `n_trained` learn labels than from as many audit labels.

    nll_gain: nats per decisive audit label, accuracy_gain: a share of them; positive where selection helps. The 95 %
    intervals redraw the prompts (pairs, where there are few) that were scored, not the labels that were trained on.
    """

    n_trained: int
    n_scored: int
    nll_gain: float
    nll_interval: Interval
    accuracy_gain: float
    accuracy_interval: Interval


def is_helping(
    problem: Problem,
    *,
    learn_B: Flags,
    audit_B: Flags,
    pair_B: Integers,
    verdict_B: Integers,
    prompt_B: Integers,
    seed: int,
) -> Helping | None:
    """Compare, with labels in the order they came; None where there are too few of either kind.

    The audit pairs are halved at random, 5 times. Each half is predicted by a head of the first learn labels and by a
    head of as many labels of the other half. verdict_B: +1 first, -1 second, 0 neither. Both heads have prior variance
    1 and no temperature, so that neither is tuned on what is scored.
    """
    counted_B = (problem.weight_B > 0).cpu().numpy()
    learn, audit_B = np.flatnonzero(learn_B & counted_B), audit_B & counted_B
    scored_B, splits = audit_B & (verdict_B != 0), _splits(audit_B, pair_B, seed)
    n_trained = min(len(learn), *(int(half_B.sum()) for halves in splits for half_B in halves))
    if not n_trained or len(np.unique(pair_B[scored_B])) < 2:
        return None
    by_learn_B = _predictions(problem, learn[:n_trained])
    by_audit_SB = [_out_of_half(problem, halves, n_trained) for halves in splits]
    groups = luck_groups(prompt_B[scored_B], pair_B[scored_B])

    def gain(judge: Callable[[Floats, Flags], Floats]) -> tuple[float, Interval]:
        won_B = verdict_B[scored_B] > 0
        usual_B = np.mean([judge(p_B[scored_B], won_B) for p_B in by_audit_SB], axis=0)
        gain_B = judge(by_learn_B[scored_B], won_B) - usual_B
        return float(gain_B.mean()), bootstrap_interval(gain_B, groups, seed=seed)

    nll, accuracy = gain(_log_likelihoods), gain(correctness)
    return Helping(n_trained, int(scored_B.sum()), *nll, *accuracy)


def _splits(audit_B: Flags, pair_B: Integers, seed: int) -> list[tuple[Flags, Flags]]:
    """Return, for each random split, the audit labels of either half of the audit pairs."""
    rng, pairs = np.random.default_rng(seed), np.unique(pair_B[audit_B])
    picks = [np.isin(pair_B, rng.permutation(pairs)[: len(pairs) // 2]) for _ in range(N_SPLITS)]
    return [(audit_B & pick, audit_B & ~pick) for pick in picks]


def _out_of_half(problem: Problem, halves: tuple[Flags, Flags], n_trained: int) -> Floats:
    """Return each half's predictions by a head of the first labels of the other."""
    one, other = (_predictions(problem, np.flatnonzero(half_B)[:n_trained]) for half_B in halves)
    return np.where(halves[0], other, one)


def _predictions(problem: Problem, trained: Integers) -> Floats:
    """Return moderated P(first | decisive) of every label's pair, by a head fitted to some labels alone."""
    weight_B = torch.zeros_like(problem.weight_B)
    weight_B[trained] = problem.weight_B[trained]
    alone = replace(problem, weight_B=weight_B)
    fit = fit_head(alone, DEFAULT_PRECISION)
    sharp_B = sharpness(laplace_posterior(alone, fit).variances(problem.graph.first, problem.graph.second))
    p_first = decisive_probability(sharp_B * fit.point.margin_B, sharp_B * tie_edge(fit.point.cuts_C))
    predictions: Floats = p_first.cpu().numpy()
    return predictions


def _log_likelihoods(p_first_B: Floats, won_B: Flags) -> Floats:
    return -log_losses(p_first_B, won_B)
