"""What does a prior precision cost that was tuned on few prompts? People are simulated, their rewards are known.

python -m benchmarks.prior. Three rules: 1 always, the lowest leave-one-prompt-out loss, and the value nearest to 1
within a standard error of it. The mean excess NLL of each, over the best of the grid for all pairs of a kind: pairs of
the prompts that were judged, and pairs of prompts that were not. Also how far leaving a prompt out is from a refit
without it, and what the third rule takes where it goes by refits.
"""

from dataclasses import dataclass, replace
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import expit

from benchmarks.measure import as_the_trainer, report
from trainer import tune
from trainer.fit import Fit, fit_head
from trainer.geometry import fit_geometry
from trainer.likelihood import Intervals
from trainer.outcomes import Scale
from trainer.posterior import (
    LeftOut,
    influence,
    laplace_posterior,
    leave_group_out,
    posterior_over,
    sharpness,
)
from trainer.problem import Problem, make_problem
from trainer.tune import DEFAULT_PRECISION, GRID, left_out_loss, tune_precision

N_PROJECTS = 20
RESPONSES, SIZE, PER_PROMPT, NEW_PROMPTS = 12, 48, 40, 20
N_PROMPTS = (5, 10)
NEAR = (1 / 16, 1 / 4, 1.0)  # precisions at which leaving out is set beside refits

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class People:
    """variance: of a typical margin. own: the share of it that goes by a taste of each prompt's own."""

    variance: float = 1.0
    own: float = 0.0


PEOPLE = {
    "as the head expects": People(),
    "variance 1/8": People(1 / 8),
    "variance 8": People(8.0),
    "half of it each prompt's own taste": People(own=0.5),
}


@dataclass(frozen=True)
class Project:
    problem: Problem
    prompt_B: torch.Tensor
    coordinates_NK: torch.Tensor
    first_M: torch.Tensor
    second_M: torch.Tensor
    chance_M: Floats
    judged_M: npt.NDArray[np.bool_]

    def losses(self, precision: float) -> tuple[float, float]:
        """Return the expected NLL of moderated probabilities: pairs of judged prompts, pairs of new ones."""
        fit = fit_head(self.problem, precision)
        factor_KK = laplace_posterior(self.problem, fit).factor_KK
        seen = posterior_over(self.coordinates_NK, fit.point.weight_K, factor_KK)
        sharp_M = sharpness(seen.variances(self.first_M, self.second_M))
        said = (sharp_M * seen.margins(self.first_M, self.second_M)).numpy()
        loss_M = self.chance_M * np.logaddexp(0, -said) + (1 - self.chance_M) * np.logaddexp(0, said)
        return float(loss_M[self.judged_M].mean()), float(loss_M[~self.judged_M].mean())


def make_project(people: People, n_prompts: int, seed: int) -> Project:
    rng = np.random.default_rng([11, seed])
    prompt_N = np.repeat(np.arange(n_prompts + NEW_PROMPTS), RESPONSES)
    embedding_ND = torch.from_numpy(rng.standard_normal((len(prompt_N), SIZE)).astype(np.float16))
    first, second = np.nonzero(np.triu(prompt_N[:, None] == prompt_N, 1))
    ends = torch.from_numpy(first), torch.from_numpy(second)
    coordinates_NK = fit_geometry(embedding_ND, *ends, seed=0).coordinates_NK
    shared_D, own_PD = rng.standard_normal(SIZE), rng.standard_normal((prompt_N[-1] + 1, SIZE))
    taste_ND = np.sqrt(people.variance) * (np.sqrt(1 - people.own) * shared_D + np.sqrt(people.own) * own_PD[prompt_N])
    reward_N = (coordinates_NK.double().numpy() * taste_ND).sum(1)
    chance_M, judged_M = expit(reward_N[first] - reward_N[second]), prompt_N[first] < n_prompts

    pair_B = rng.permutation(np.flatnonzero(judged_M))[: n_prompts * PER_PROMPT]
    upper_B = torch.from_numpy(np.where(rng.random(len(pair_B)) < chance_M[pair_B], 2, 1))
    told = Intervals(upper_B - 1, upper_B), torch.ones(len(pair_B), dtype=torch.float64), Scale("binary")
    problem = make_problem(coordinates_NK, ends[0][pair_B], ends[1][pair_B], *told)
    return Project(problem, torch.from_numpy(prompt_N[first[pair_B]]), coordinates_NK, *ends, chance_M, judged_M)


def rules(project: Project) -> dict[str, float]:
    """Return the precision that each rule takes."""
    told = project.problem, project.prompt_B, torch.ones(len(project.prompt_B), dtype=torch.bool), None
    with patch.object(tune, "_as_good", lambda excess_B, *_: not excess_B.any()):
        lowest = tune_precision(*told)
    with patch.object(tune, "_loss_without_prompts", lambda *told: left_out_loss(*told[:2], refitted(*told))):
        by_refits = tune_precision(*told)
    kept = {"always 1": DEFAULT_PRECISION, "lowest loss": lowest, "one standard error": tune_precision(*told)}
    return {**kept, "one standard error, by refits": by_refits}


def refitted(problem: Problem, fit: Fit, prompt_B: torch.Tensor) -> LeftOut:
    """Leave out each prompt by a refit without it: what `leave_group_out` comes near to."""
    margin_B, variance_B = torch.empty_like(problem.weight_B), torch.empty_like(problem.weight_B)
    for prompt in prompt_B.unique():
        some_B = prompt_B == prompt
        without = replace(problem, weight_B=torch.where(some_B, 0, problem.weight_B))
        found = fit_head(without, fit.prior_precision, fit.start)
        margin_B[some_B] = found.point.margin_B[some_B]
        ends = problem.graph.first[some_B], problem.graph.second[some_B]
        variance_B[some_B] = laplace_posterior(without, found).variances(*ends)
    return LeftOut(margin_B, variance_B)


def nearness(people: People, n_prompts: int, precision: float) -> dict[str, float]:
    """Say how far margins without their prompt are from those of refits, in logits, and the mean loss of both."""
    off, losses = [], []
    for seed in range(N_PROJECTS):
        project = make_project(people, n_prompts, seed)
        fit = fit_head(project.problem, precision)
        posterior = laplace_posterior(project.problem, fit)
        labels = influence(project.problem, fit, posterior)
        alike = leave_group_out(labels, project.problem, posterior, project.prompt_B)
        ways = alike, refitted(project.problem, fit, project.prompt_B)
        off.append((ways[0].margin_B - ways[1].margin_B).abs())
        losses.append([left_out_loss(project.problem, fit, way).mean().item() for way in ways])
    median, most = torch.cat(off).median().item(), torch.cat(off).max().item()
    left_out, exact = np.mean(losses, axis=0).tolist()
    return {"median": median, "most": most, "loss_left_out": left_out, "loss_of_refits": exact}


def excess(people: People, n_prompts: int) -> dict[str, list[float]]:
    """Return of each rule the mean excess NLL on judged and on new prompts, and the mean |log2| of its precision."""
    costs: dict[str, list[list[float]]] = {}
    for seed in range(N_PROJECTS):
        project = make_project(people, n_prompts, seed)
        losses = {precision: project.losses(precision) for precision in GRID}
        least = np.min(list(losses.values()), axis=0)
        for name, precision in rules(project).items():
            found = [*(np.array(losses[precision]) - least), abs(np.log2(precision))]
            costs.setdefault(name, []).append(found)
    return {name: np.mean(found, axis=0).round(5).tolist() for name, found in costs.items()}


def main() -> None:
    as_the_trainer()
    figures = {name: {str(n): excess(people, n) for n in N_PROMPTS} for name, people in PEOPLE.items()}
    labels = "excess_nats_on_judged_and_on_new_prompts_and_mean_abs_log2_precision"
    near = {
        f"{name}, {n} prompts, precision {precision}": nearness(people, n, precision)
        for name, people in PEOPLE.items()
        for n in N_PROMPTS
        for precision in NEAR
    }
    about = {"projects": N_PROJECTS, "labels_per_prompt": PER_PROMPT}
    report("prior", {**about, labels: figures, "leaving_a_prompt_out_against_refits": near})


if __name__ == "__main__":
    main()
