"""What does a temperature cost that was fitted on few labels, with and without a prior? People are simulated.

python -m benchmarks.temperature. Five kinds of people, a fifth of their labels on random pairs; the mean excess NLL,
over the best temperature for all pairs, of the temperature that such labels give.
"""

from dataclasses import dataclass
from math import exp, inf

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from scipy.special import expit

from benchmarks.measure import as_the_trainer, report
from trainer.fit import fit_head
from trainer.geometry import fit_geometry
from trainer.likelihood import Intervals
from trainer.outcomes import Scale
from trainer.posterior import influence, laplace_posterior, leave_one_out, posterior_over, sharpness
from trainer.problem import make_problem
from trainer.tune import MAX_LOG_TEMPERATURE

N_PROJECTS = 40
N_RESPONSES, SIZE, N_PAIRS = 150, 48, 4000
N_AUDIT = (100, 200, 500)
AUDIT_SHARE = 0.2
SPREADS = {"none": inf, "0.15": 0.15, "0.25": 0.25, "0.4": 0.4, "T = 1": 1e-9}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class People:
    """spread: of margins, against what the head expects. blind: the share of verdicts that are coin tosses."""

    spread: float = 1.0
    blind: float = 0.0
    bent: bool = False


PEOPLE = {
    "as the head expects": People(),
    "margins 0.4 times as large": People(0.4),
    "margins 3 times as large": People(3.0),
    "1.5 times, a fifth blind": People(1.5, blind=0.2),
    "1.5 times, rewards bent by tanh": People(1.5, bent=True),
}


@dataclass(frozen=True)
class Heard:
    """Margins and their variances, as a head has them, and how likely first is to win in truth or by one verdict."""

    margin: Floats
    variance: Floats
    chance: Floats

    def loss(self, log_temperature: float) -> float:
        """Return the mean NLL of the moderated probabilities at a temperature."""
        sharp = sharpness(torch.from_numpy(self.variance), exp(log_temperature)).numpy()
        said = sharp * self.margin
        return float((self.chance * np.logaddexp(0, -said) + (1 - self.chance) * np.logaddexp(0, said)).mean())

    def best(self, spread: float = inf) -> float:
        """Return the log of the most probable temperature under a normal prior of that deviation."""
        bounds, n = (-MAX_LOG_TEMPERATURE, MAX_LOG_TEMPERATURE), len(self.margin)
        found = minimize_scalar(lambda x: n * self.loss(x) + (x / spread) ** 2 / 2, bounds=bounds, method="bounded")
        return float(found.x)


def simulate(people: People, n_audit: int, seed: int) -> tuple[Heard, Heard]:
    """Return the left-out audit labels of a project, and all of its pairs."""
    rng = np.random.default_rng([7, seed])
    embedding_ND = torch.from_numpy(rng.standard_normal((N_RESPONSES, SIZE)).astype(np.float16))
    every = np.stack(np.triu_indices(N_RESPONSES, 1))
    first_M, second_M = torch.from_numpy(every[:, rng.permutation(every.shape[1])[:N_PAIRS]])
    coordinates_NK = fit_geometry(embedding_ND, first_M, second_M, seed=0).coordinates_NK
    reward_N = coordinates_NK.double().numpy() @ rng.standard_normal(SIZE) * people.spread
    reward_N = np.tanh(reward_N) * people.spread if people.bent else reward_N
    chance_M = (1 - people.blind) * expit(reward_N[first_M] - reward_N[second_M]) + people.blind / 2

    pair_B = rng.permutation(N_PAIRS)[: round(n_audit / AUDIT_SHARE)]
    won_B = rng.random(len(pair_B)) < chance_M[pair_B]
    upper_B = torch.from_numpy(np.where(won_B, 2, 1))
    told = Intervals(upper_B - 1, upper_B), torch.ones(len(pair_B), dtype=torch.float64), Scale("binary")
    problem = make_problem(coordinates_NK, first_M[pair_B], second_M[pair_B], *told)
    fit = fit_head(problem, 1.0)
    posterior = laplace_posterior(problem, fit)
    margin_A, variance_A = (part[:n_audit].numpy() for part in leave_one_out(influence(problem, fit, posterior)))
    seen = posterior_over(coordinates_NK, fit.point.weight_K, posterior.factor_KK)
    all_pairs = seen.margins(first_M, second_M).numpy(), seen.variances(first_M, second_M).numpy()
    return Heard(margin_A, variance_A, won_B[:n_audit].astype(float)), Heard(*all_pairs, chance_M)


def excess(people: People, n_audit: int) -> dict[str, float]:
    """Return by how many nats each rule's temperature is worse than the best one, in the mean over projects."""
    costs = []
    for seed in range(N_PROJECTS):
        audit, pairs = simulate(people, n_audit, seed)
        least = pairs.loss(pairs.best())
        costs.append([pairs.loss(audit.best(spread)) - least for spread in SPREADS.values()])
    return dict(zip(SPREADS, np.mean(costs, axis=0).round(5).tolist(), strict=True))


def main() -> None:
    as_the_trainer()
    figures = {name: {str(n): excess(people, n) for n in N_AUDIT} for name, people in PEOPLE.items()}
    report("temperature", {"projects": N_PROJECTS, "excess_nats_by_prior_deviation": figures})


if __name__ == "__main__":
    main()
