from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import logsigmoid

from tests.trainer.simulated import make_small_problem
from trainer.descent import descend
from trainer.fit import fit_head
from trainer.likelihood import Intervals, preference_loss


def double(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def embeddings(n: int = 40, size: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.standard_normal((n, size)) + 0.3), torch.from_numpy(rng.standard_normal((n, size)))


def test_a_step_is_the_textbook_one() -> None:
    """sigma is .88 where the lead that is asked for is -logit(.88): w moves by rate (1 - .88) (g_a - g_b)."""
    lead = -torch.logit(torch.tensor([0.88], dtype=torch.float64))

    step = descend(double([2.1, -0.3]), double([1.5, 0.4]), lead_B=lead, rate=0.01, n_epochs=1)

    assert step.tolist() == pytest.approx([0.00072, -0.00084], abs=1e-9)


@pytest.mark.parametrize("margin", [None, 0.5])
def test_the_loss_is_that_of_trls_reward_trainer(margin: float | None) -> None:
    """Its `compute_loss`: -logsigmoid(rewards_chosen - rewards_rejected - margin).mean(), without margin where none is.

    trl 1.16.0, trl/trainer/reward_trainer.py.
    """
    chosen, rejected = embeddings()
    weight = torch.tensor([0.5, -1, 2], dtype=torch.float64)
    rewards_chosen, rewards_rejected = chosen @ weight, rejected @ weight
    theirs = -logsigmoid(rewards_chosen - rewards_rejected - (margin or 0)).mean()

    ours = preference_loss(rewards_chosen - rewards_rejected, torch.ones(40).double(), margin or 0)
    upper = torch.full((40,), 2)
    lead = None if margin is None else torch.full((40,), margin).double()
    verdicts = Intervals(upper - 1, upper, lead_B=lead)
    fitted = verdicts.terms(rewards_chosen - rewards_rejected, torch.zeros(1).double()).loss_B.mean()

    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(fitted, theirs)


@pytest.mark.parametrize("margin", [0.0, 0.7])
def test_steps_are_those_of_a_linear_layer_under_the_same_loss(margin: float) -> None:
    chosen, rejected = embeddings()
    layer = torch.nn.Linear(3, 1, bias=False, dtype=torch.float64)
    torch.nn.init.zeros_(layer.weight)
    adam = torch.optim.Adam(layer.parameters(), lr=0.05)
    for _ in range(20):
        adam.zero_grad()
        (-logsigmoid(layer(chosen) - layer(rejected) - margin).mean()).backward()
        adam.step()
    lead = torch.full((40,), margin, dtype=torch.float64)

    ours = descend(chosen, rejected, lead_B=lead, optimizer="adam", rate=0.05, n_epochs=20)

    torch.testing.assert_close(ours, layer.weight.detach()[0])


@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 2.0), ("adam", 0.02)])
def test_many_steps_end_at_the_minimum_of_newtons_method(optimizer: str, rate: float) -> None:
    problem = make_small_problem(n_labels=100)
    plain = replace(problem, weight_B=torch.ones_like(problem.weight_B))
    first_won = problem.intervals.upper_B == 2
    ends = problem.wide_RK[problem.graph.first], problem.wide_RK[problem.graph.second]
    chosen = torch.where(first_won[:, None], ends[0], ends[1])
    rejected = torch.where(first_won[:, None], ends[1], ends[0])

    found = descend(chosen, rejected, optimizer=optimizer, rate=rate, n_epochs=3000, decay=0.7 / 100)

    torch.testing.assert_close(found, fit_head(plain, 0.7).point.weight_K, atol=1e-5, rtol=0)


def test_a_seed_decides_the_order_of_batches() -> None:
    chosen, rejected = embeddings()

    same, again, other = (
        descend(chosen, rejected, rate=0.1, n_epochs=2, batch_size=8, seed=seed).tolist() for seed in (1, 1, 2)
    )

    assert same == again != other
