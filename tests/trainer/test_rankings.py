from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from tests.trainer.simulated import make_material, make_mixed_problem, make_rankings
from trainer.fit import fit_head
from trainer.inputs import make_inputs
from trainer.likelihood import Intervals, margin_terms
from trainer.material import FitConfig
from trainer.outcomes import Scale
from trainer.posterior import influence, laplace_posterior, leave_group_out
from trainer.problem import Problem, make_problem
from trainer.rankings import Rankings, Stages, make_stages
from trainer.refit import refit

CPU = torch.device("cpu")


def one_ranking(*order: int, level: tuple[int, ...] | None = None) -> Rankings:
    levels = level or tuple(range(len(order)))
    return Rankings(np.array([order]), np.array([levels]), np.ones(1))


def stages_of(rankings: Rankings) -> Stages:
    return make_stages(rankings, rankings.edges(), CPU)


def margins(rankings: Rankings, reward_N: torch.Tensor) -> torch.Tensor:
    first, second = (torch.from_numpy(end) for end in rankings.edges().ends(rankings))
    return reward_N[first] - reward_N[second]


def plackett_luce(order: tuple[int, ...], reward_N: torch.Tensor) -> torch.Tensor:
    """Return -log of the product over places of e^reward over the sum of those that are left."""
    left = [torch.logsumexp(reward_N[list(order[place:])], 0) - reward_N[order[place]] for place in range(len(order))]
    return torch.stack(left).sum()


def test_the_loss_of_a_ranking_is_that_of_its_stages() -> None:
    reward = torch.tensor([0.3, -1.2, 2.0, 0.1], dtype=torch.float64)
    ranking = one_ranking(2, 0, 3, 1)

    loss = stages_of(ranking).terms(margins(ranking, reward)).loss_B.sum()

    assert loss.item() == pytest.approx(plackett_luce((2, 0, 3, 1), reward).item())


def test_the_chances_of_all_orders_sum_to_one() -> None:
    reward = torch.tensor([0.3, -1.2, 2.0, 0.1], dtype=torch.float64)
    orders = [one_ranking(*order) for order in permutations(range(4))]

    chances = [torch.exp(-stages_of(order).terms(margins(order, reward)).loss_B.sum()) for order in orders]

    assert sum(chances).item() == pytest.approx(1)


@pytest.mark.parametrize("size", [2, 3, 6])
def test_derivatives_on_edges_give_those_in_the_rewards(size: int) -> None:
    """The gradient is the divergence of rho, the Hessian the Laplacian of the edges weighted with v."""
    rng = np.random.default_rng(size)
    order = tuple(rng.permutation(size).tolist())
    ranking, reward = one_ranking(*order), torch.from_numpy(rng.standard_normal(size))
    terms = stages_of(ranking).terms(margins(ranking, reward))
    first, second = ranking.edges().ends(ranking)
    incidence = torch.eye(size, dtype=torch.float64)[first] - torch.eye(size, dtype=torch.float64)[second]

    gradient, hessian = incidence.T @ terms.rho_B, incidence.T @ (terms.v_B[:, None] * incidence)

    torch.testing.assert_close(gradient, torch.func.grad(lambda r: plackett_luce(order, r))(reward))
    torch.testing.assert_close(hessian, torch.func.hessian(lambda r: plackett_luce(order, r))(reward))


def test_a_ranking_of_two_is_a_verdict() -> None:
    margin = torch.tensor([0.7], dtype=torch.float64)
    verdict = margin_terms(margin, torch.zeros(1).double(), torch.full((1,), torch.inf).double())

    ranked = stages_of(one_ranking(0, 1)).terms(margin)

    for ours, theirs in zip(ranked, verdict, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_responses_ranked_as_equal_are_not_set_against_each_other() -> None:
    reward = torch.tensor([1.0, 0.4, -0.5], dtype=torch.float64)
    both_beat_the_last = one_ranking(0, 1, 2, level=(0, 0, 1))

    terms = stages_of(both_beat_the_last).terms(margins(both_beat_the_last, reward))

    wins = [plackett_luce((winner, 2), reward).item() for winner in (0, 1)]
    assert terms.loss_B.sum().item() == pytest.approx(sum(wins))
    assert terms.rho_B[0].item() == 0


def test_a_ranking_of_equals_says_nothing() -> None:
    terms = stages_of(one_ranking(0, 1, 2, level=(0, 0, 0))).terms(torch.tensor([0.5, 1.0, 0.5]).double())

    assert [part.abs().sum().item() for part in terms] == [0, 0, 0]


def test_rankings_give_the_weights_of_plackett_and_luce() -> None:
    rng = np.random.default_rng(0)
    coordinates = torch.from_numpy(rng.standard_normal((12, 4)) / 2).float()
    rankings = make_rankings(rng, 60, 12, ties=False)
    problem = ranked_problem(coordinates, rankings)

    def loss(weight: np.ndarray) -> float:
        reward = coordinates.double() @ torch.from_numpy(weight)
        orders = [tuple(row[row >= 0].tolist()) for row in rankings.response_GJ]
        losses = [plackett_luce(order, reward).item() for order in orders]
        return float(rankings.weight_G @ losses + 0.7 * weight @ weight / 2)

    theirs = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-6}).x

    ours = fit_head(problem, 0.7)

    assert ours.point.weight_K.tolist() == pytest.approx(theirs.tolist(), abs=1e-5)
    stages = ((rankings.response_GJ >= 0).sum(1) - 1) @ rankings.weight_G
    assert problem.total_weight == pytest.approx(stages)


def ranked_problem(coordinates: torch.Tensor, rankings: Rankings) -> Problem:
    nothing, edges = torch.empty(0, dtype=torch.int64), rankings.edges()
    ends = (torch.from_numpy(end) for end in edges.ends(rankings))
    weight = torch.from_numpy(rankings.weight_G[edges.ranking_E])
    stages = make_stages(rankings, edges, CPU)
    return make_problem(coordinates, *ends, Intervals(nothing, nothing), weight, Scale("binary"), stages)


def test_leaving_a_ranking_out_agrees_with_an_exact_refit() -> None:
    problem = make_mixed_problem(n_labels=200, n_rankings=30)
    fit = fit_head(problem, 1)
    ranking = torch.cat([torch.full((200,), -1), problem.stages.ranking_E]) == 7
    without = fit_head(replace(problem, weight_B=torch.where(ranking, 0, problem.weight_B)), 1)
    posterior = laplace_posterior(problem, fit)

    left_out = leave_group_out(influence(problem, fit, posterior), problem, posterior, ranking.long())

    expected = without.point.margin_B[ranking].tolist()
    assert left_out.margin_B[ranking].tolist() == pytest.approx(expected, abs=0.01)


def test_as_pairs_each_two_responses_weigh_one_over_the_others() -> None:
    material, _ = make_material(n_labels=5)
    ranked = replace(material, rankings=one_ranking(0, 1, 2, 3, level=(0, 1, 1, 2)))

    inputs = make_inputs(ranked, FitConfig(scale="ties", rankings="pairs"), CPU)

    assert inputs.weight_E.tolist() == pytest.approx([1 / 3] * 6)
    assert inputs.intervals.lower_B[5:].tolist() == [2, 2, 2, 1, 2, 2]  # one tie among five wins
    assert inputs.stages is None


@pytest.mark.parametrize("mode", ["stages", "pairs"])
def test_rankings_train_a_head_that_is_judged_on_labels_alone(mode: str) -> None:
    material, truth = make_material(n_labels=0, n_prompts=300, spread=2)
    scored, _ = make_material(n_labels=50, n_prompts=300, spread=2)
    reward = material.embedding_ND.astype(float) @ truth.weight_D
    felt = (reward + np.random.default_rng(0).gumbel(size=len(reward))).reshape(-1, 4)
    order = np.argsort(-felt, 1) + 4 * np.arange(300)[:, None]
    ranked = replace(scored, rankings=Rankings(order, np.tile(np.arange(4), (300, 1)), np.ones(300)))

    result = refit(ranked, FitConfig(rankings=mode), seed=1)

    learnt = material.embedding_ND.astype(float) @ result.head.weights_D
    assert np.corrcoef(learnt, reward)[0, 1] > 0.95
    assert result.metrics["n"] == 50
    assert len(result.labels.surprise_B) == 50
