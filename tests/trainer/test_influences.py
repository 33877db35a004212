"""What moved a margin, against refits without each label."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.trainer.simulated import make_small_problem
from trainer.fit import Fit, fit_head
from trainer.influences import Moved, influences
from trainer.posterior import influence, laplace_posterior
from trainer.problem import Problem


def found(problem: Problem, fit: Fit, target: int) -> list[Moved]:
    posterior = laplace_posterior(problem, fit)
    labels = influence(problem, fit, posterior)
    return influences(problem, posterior, labels, np.array([target]))[0]


def moved_by(problem: Problem, fit: Fit, target: int, label: int) -> float:
    """Return what the target's margin loses when the label is taken out and the head is fitted again."""
    weight_B = problem.weight_B.clone()
    weight_B[label] = 0
    without = fit_head(replace(problem, weight_B=weight_B), fit.prior_precision)
    return (fit.point.margin_B[target] - without.point.margin_B[target]).item()


@pytest.mark.parametrize("target", [0, 17, 59])
def test_influences_are_those_of_refits_without_the_label(target: int) -> None:
    problem = make_small_problem()
    fit = fit_head(problem, 1)

    moved = found(problem, fit, target)

    exact = [moved_by(problem, fit, target, one.label) for one in moved]
    assert [one.logits for one in moved] == pytest.approx(exact, abs=0.01)


def test_the_strongest_on_either_side_are_named_and_never_the_label_itself() -> None:
    problem = make_small_problem()
    fit = fit_head(problem, 1)
    exact = {label: moved_by(problem, fit, 5, label) for label in range(60) if label != 5}

    moved = {one.label for one in found(problem, fit, 5)}

    order = sorted(exact, key=exact.__getitem__)
    assert {order[0], order[-1]} <= moved
    assert len(moved) == 6
    assert 5 not in moved


def test_a_label_alone_was_moved_by_nobody() -> None:
    problem = make_small_problem(n_labels=1)

    assert found(problem, fit_head(problem, 1), 0) == []


def test_a_label_that_weighs_nothing_moves_nothing() -> None:
    problem = make_small_problem()
    weight_B = torch.where(torch.arange(60) % 2 == 0, problem.weight_B, 0)
    problem = replace(problem, weight_B=weight_B)

    moved = found(problem, fit_head(problem, 1), 0)

    assert all(one.label % 2 == 0 for one in moved)
