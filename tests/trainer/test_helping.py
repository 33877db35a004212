from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import expit

from trainer.fit import fit_head
from trainer.helping import Helping, is_helping
from trainer.likelihood import Intervals
from trainer.outcomes import Scale
from trainer.posterior import laplace_posterior, sharpness
from trainer.problem import Problem, make_problem

N_AUDIT = 400


def make_labels(
    n_learn: int = 200, *, learn_spread: float = 1, learn_noise: float = 1, seed: int = 0
) -> tuple[Problem, dict[str, np.ndarray]]:
    """Return audit labels, then learn labels, on pairs of their own.

    Learn pairs may lie further apart, so that they tell more, or be judged with more noise.
    """
    rng = np.random.default_rng(seed)
    n = N_AUDIT + n_learn
    spread = np.repeat(np.where(np.arange(n) < N_AUDIT, 1, learn_spread), 2)
    coordinates = torch.from_numpy(spread[:, None] * rng.standard_normal((2 * n, 8)) / 4).float()
    first, second = torch.arange(0, 2 * n, 2), torch.arange(1, 2 * n, 2)
    margin = (
        (coordinates[first] - coordinates[second]).double() @ torch.from_numpy(2 * rng.standard_normal(8))
    ).numpy()
    noise = rng.logistic(size=n) * np.where(np.arange(n) < N_AUDIT, 1, learn_noise)
    first_won = torch.from_numpy(margin + noise > 0)
    intervals = Intervals(first_won.long(), first_won.long() + 1)
    problem = make_problem(coordinates, first, second, intervals, torch.ones(n).double(), Scale("binary"))
    return problem, {
        "learn_B": np.arange(n) >= N_AUDIT,
        "audit_B": np.arange(n) < N_AUDIT,
        "pair_B": np.arange(n),
        "verdict_B": np.where(first_won.numpy(), 1, -1),
        "prompt_B": np.arange(n) % 40,
    }


def helping(problem: Problem, labels: dict[str, np.ndarray]) -> Helping:
    found = is_helping(problem, **labels, seed=0)
    assert found is not None
    return found


def test_labels_that_were_chosen_like_audit_labels_neither_help_nor_harm() -> None:
    found = helping(*make_labels())

    assert (found.n_trained, found.n_scored) == (200, N_AUDIT)
    assert found.nll_interval[0] < 0 < found.nll_interval[1]
    assert found.accuracy_interval[0] < 0 < found.accuracy_interval[1]


def test_harm_is_shown_as_it_is() -> None:
    found = helping(*make_labels(learn_noise=20))

    assert found.nll_gain < found.nll_interval[1] < 0
    assert found.accuracy_gain < found.accuracy_interval[1] < 0


def test_help_is_seen() -> None:
    found = helping(*make_labels(50, learn_spread=3))

    assert found.nll_interval[0] > 0


def test_heads_know_only_the_labels_they_were_given() -> None:
    """With one learn label each prediction is that of a problem which holds nothing else."""
    problem, labels = make_labels(1)
    only = torch.arange(N_AUDIT + 1) == N_AUDIT
    alone = make_problem(
        problem.coordinates_RK,
        problem.graph.first[only],
        problem.graph.second[only],
        Intervals(problem.intervals.lower_B[only], problem.intervals.upper_B[only]),
        torch.ones(1).double(),
        Scale("binary"),
    )
    fit = fit_head(alone, 1)
    difference = problem.graph.difference(problem.coordinates_RK.double())
    variance = torch.linalg.solve_triangular(laplace_posterior(alone, fit).factor_KK, difference.T, upper=False)
    margin = (sharpness(variance.square().sum(0)) * (difference @ fit.point.weight_K)).numpy()
    won = labels["verdict_B"] > 0
    by_learn = np.log(expit(np.where(won, margin, -margin)))[:N_AUDIT].mean()

    found = helping(problem, labels)

    assert found.n_trained == 1
    # Heads of one random label each say hardly more than ln 1/2 on average, as this one does.
    assert found.nll_gain == pytest.approx(by_learn - np.log(0.5), abs=0.02)


def test_labels_without_weight_are_neither_trained_on_nor_scored() -> None:
    problem, labels = make_labels()
    silent = replace(problem, weight_B=torch.where(torch.arange(N_AUDIT + 200) % 2 == 0, problem.weight_B, 0))

    found = helping(silent, labels)

    assert (found.n_trained, found.n_scored) == (100, N_AUDIT // 2)


@pytest.mark.parametrize("n_prompts", [1, 3])
def test_a_project_of_few_prompts_claims_no_certainty(n_prompts: int) -> None:
    """Few prompts say nothing of other prompts: pairs are what is drawn anew."""
    problem, labels = make_labels()
    usual = helping(problem, labels)

    found = helping(problem, labels | {"prompt_B": labels["pair_B"] % n_prompts})

    assert found.nll_interval[0] < 0 < found.nll_interval[1]
    assert np.ptp(found.nll_interval) == pytest.approx(np.ptp(usual.nll_interval), rel=0.3)


def test_one_pair_that_could_be_scored_is_nothing_to_compare_by() -> None:
    problem, labels = make_labels()
    one = labels | {"verdict_B": np.where(labels["pair_B"] == 7, labels["verdict_B"], 0)}

    assert is_helping(problem, **one, seed=0) is None


@pytest.mark.parametrize("absent", ["learn_B", "audit_B"])
def test_without_labels_of_either_kind_there_is_nothing_to_compare(absent: str) -> None:
    problem, labels = make_labels()

    assert is_helping(problem, **{**labels, absent: np.zeros(N_AUDIT + 200, bool)}, seed=0) is None
