"""Is an exact fit faster here than in scikit-learn? Same labels, same penalty, same loss; and how near the GEMM limit?

python -m benchmarks.fit. scikit-learn gets the differences ready-made and the loosest tolerance that reaches our loss;
our time includes making the graph of the labels. With a GPU, or with --large, a million labels at D = 4,096 as well.
"""

from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression

from benchmarks.humour import Humour, load_humour
from benchmarks.measure import Seconds, as_the_trainer, in_turn, report
from benchmarks.measure import spread as spread_of
from trainer.encoder import EncoderConfig
from trainer.fit import Fit, Start, fit_head
from trainer.geometry import fit_geometry
from trainer.likelihood import Intervals
from trainer.outcomes import Scale
from trainer.problem import Problem, make_problem

N_RUNS = 7
PRECISION = 1.0
APPENDED = 32
EQUAL_LOSS = 1e-6
TEXTBOOK_STEPS = 4
GEMM_ROWS = 8192
LARGE, N_LARGE_RUNS, FALL = (1_000_000, 4_096), 5, 0.7
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
BINARY = Scale("binary")

Fitter = Callable[[], object]


class Labels:
    """The first `n` labels of the humour matrix in our form and, as differences, in scikit-learn's."""

    def __init__(self, coordinates_NK: torch.Tensor, humour: Humour, n: int) -> None:
        pair_B = humour.pair_B[:n]
        self.coordinates_NK = coordinates_NK
        self.first_B = torch.from_numpy(humour.first_M[pair_B])
        self.second_B = torch.from_numpy(humour.second_M[pair_B])
        self.first_won_B = humour.first_won_B[:n]
        self.difference_BK = (coordinates_NK[self.first_B] - coordinates_NK[self.second_B]).double().numpy()

    def problem(self) -> Problem:
        upper = torch.from_numpy(np.where(self.first_won_B, 2, 1))
        intervals, weight_B = Intervals(upper - 1, upper), torch.ones(len(upper), dtype=torch.float64)
        return make_problem(self.coordinates_NK, self.first_B, self.second_B, intervals, weight_B, BINARY)

    def fit(self, start: Start | None = None) -> Fit:
        return fit_head(self.problem(), PRECISION, start)

    def objective(self, weight_K: npt.NDArray[np.float64]) -> float:
        """Return (sum of losses + precision |w|^2 / 2) / n, the mean that both sides must reach."""
        margin_B = np.where(self.first_won_B, 1, -1) * (self.difference_BK @ weight_K)
        penalty = PRECISION * weight_K @ weight_K / 2
        return float((np.logaddexp(0, -margin_B).sum() + penalty) / len(margin_B))

    def sklearn(self, solver: str, tol: float, start: npt.NDArray[np.float64] | None = None) -> LogisticRegression:
        model = LogisticRegression(
            C=1 / PRECISION, fit_intercept=False, solver=solver, tol=tol, max_iter=1000, warm_start=start is not None
        )
        if start is not None:
            model.coef_, model.intercept_, model.classes_ = start[None], np.zeros(1), np.array([False, True])
        return model.fit(self.difference_BK, self.first_won_B)


def loosest_tolerance(labels: Labels, solver: str, target: float) -> float:
    for tol in 10.0 ** -np.arange(1, 9):
        if labels.objective(labels.sklearn(solver, tol).coef_[0]) <= target + EQUAL_LOSS:
            return float(tol)
    raise RuntimeError(f"{solver} does not reach the loss")


def compare(coordinates_NK: torch.Tensor, humour: Humour, n: int) -> dict[str, object]:
    before, labels = (Labels(coordinates_NK, humour, size) for size in (n - APPENDED, n))
    start = before.fit().start
    exact, again = labels.fit(), labels.fit(start)
    target = labels.objective(exact.point.weight_K.numpy())
    tolerance = {solver: loosest_tolerance(labels, solver, target) for solver in ("lbfgs", "newton-cholesky")}
    warm = before.sklearn("lbfgs", tolerance["lbfgs"]).coef_[0]
    sides: dict[str, Fitter] = {
        "ours_cold": labels.fit,
        "ours_warm": partial(labels.fit, start),
        **{f"sklearn_{solver}": partial(labels.sklearn, solver, tol) for solver, tol in tolerance.items()},
        "sklearn_lbfgs_warm": partial(labels.sklearn, "lbfgs", tolerance["lbfgs"], warm),
    }
    seconds = in_turn(N_RUNS, **sides)
    return {
        "n": n,
        "directions": coordinates_NK.shape[1],
        "mean_objective": target,
        "steps_and_hessians": {name: (one.n_steps, one.n_factors) for name, one in (("cold", exact), ("warm", again))},
        "seconds": {name: spread_of(times) for name, times in seconds.items()},
        "tolerance": tolerance,
        "times_faster_by_medians": ratios(seconds, median),
        "times_faster_by_minima": ratios(seconds, min),
        "gemm_limit": gemm_limit(labels.problem(), exact, median(seconds["ours_cold"])),
    }


def ratios(seconds: Seconds, middle: Callable[[list[float]], float]) -> dict[str, float]:
    """Return how many times faster ours is; the minima tell more than the medians where other work came between."""
    time = {name: middle(times) for name, times in seconds.items()}
    return {
        "cold_against_lbfgs": time["sklearn_lbfgs"] / time["ours_cold"],
        "cold_against_newton_cholesky": time["sklearn_newton-cholesky"] / time["ours_cold"],
        "warm_against_cold_lbfgs": time["sklearn_lbfgs"] / time["ours_warm"],
        "warm_against_warm_lbfgs": time["sklearn_lbfgs_warm"] / time["ours_warm"],
    }


def gemm_limit(problem: Problem, exact: Fit, cold_seconds: float) -> dict[str, float]:
    """Set a cold fit against the flops of matrix products at this machine's measured rate, in seconds.

    own: the products, factors and passes that this fit did. textbook: a Newton fit that forms X^T V X from n x K
    differences at each of the TEXTBOOK_STEPS steps that scikit-learn's newton-cholesky and MODEL.md's fit take.
    """
    n, (n_responses, size) = len(problem.weight_B), problem.coordinates_RK.shape
    rate = gemm_rate(size)
    gram = 2 * min(n, n_responses) * size**2
    passes = (2 * exact.n_steps + 2) * 2 * n_responses * size
    own = (exact.n_factors * (gram + size**3 / 3) + passes) / rate
    textbook = TEXTBOOK_STEPS * (2 * n * size**2 + size**3 / 3) / rate
    return {
        "gemm_gigaflops": rate / 1e9,
        "own_seconds": own,
        "fit_over_own": cold_seconds / own,
        "textbook_seconds": textbook,
        "fit_over_textbook": cold_seconds / textbook,
    }


def gemm_rate(size: int) -> float:
    """Measure flops per second of the fp32 products that make a Gram matrix."""
    rows = torch.randn(GEMM_ROWS, size, device=DEVICE)

    def product() -> None:
        (rows.T @ rows).sum().item()

    return 2 * GEMM_ROWS * size**2 / min(in_turn(N_RUNS, gram=product)["gram"])


def rotated(config: EncoderConfig) -> tuple[torch.Tensor, Humour]:
    humour = load_humour(config)
    ends = torch.from_numpy(humour.first_M), torch.from_numpy(humour.second_M)
    return fit_geometry(torch.from_numpy(humour.embedding_ND), *ends, seed=0).coordinates_NK, humour


def large(n: int, size: int) -> dict[str, object]:
    """Fit n labels on n responses of a made-up project, on the GPU where there is one."""
    generator = torch.Generator(DEVICE).manual_seed(0)
    spread = torch.arange(1, size + 1, device=DEVICE) ** -FALL
    coordinates_NK = torch.randn(n, size, generator=generator, device=DEVICE).mul_(spread)
    coordinates_NK /= (2 * spread.square().sum()).sqrt()
    first_B = torch.arange(n, device=DEVICE)
    second_B = (first_B + torch.randint(1, n, (n,), generator=generator, device=DEVICE)) % n
    reward_N = coordinates_NK @ torch.randn(size, generator=generator, device=DEVICE)
    noise_B = torch.rand(n, generator=generator, device=DEVICE, dtype=torch.float64).logit()
    upper_B = torch.where(reward_N[first_B] - reward_N[second_B] + noise_B > 0, 2, 1)
    weight_B, intervals = torch.ones_like(noise_B), Intervals(upper_B - 1, upper_B)
    problem = make_problem(coordinates_NK, first_B, second_B, intervals, weight_B, BINARY)
    seconds = in_turn(N_LARGE_RUNS, fit=lambda: fit_head(problem, PRECISION))["fit"]
    exact = fit_head(problem, PRECISION)
    limit = gemm_limit(problem, exact, median(seconds))
    return {"n": n, "directions": size, "device": DEVICE, "seconds": spread_of(seconds), "gemm_limit": limit}


def main() -> None:
    as_the_trainer()
    parser = ArgumentParser()
    parser.add_argument("--large", nargs=2, type=int, metavar=("N", "D"), help="a made-up project of this size")
    asked = parser.parse_args().large
    default = rotated(EncoderConfig())
    small = rotated(EncoderConfig(layers=(-1,), texts=("pair",)))
    cases = [(default, 10_000), (small, 10_000), (small, 100_000)]
    figures: dict[str, object] = {"cases": [compare(*data, n) for data, n in cases]}
    if size := asked or (LARGE if DEVICE == "cuda" else None):
        figures["large"] = large(*size)
    report("fit", figures)


if __name__ == "__main__":
    main()
