"""Is an exact fit faster here than in scikit-learn? Same labels, same penalty, same loss; and how near the GEMM limit?

python -m benchmarks.fit. scikit-learn gets the differences ready-made and the loosest tolerance that reaches our loss.
"""

from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression

from benchmarks.humour import Humour, load_humour
from benchmarks.measure import Seconds, in_turn, report, spread
from trainer.encoder import EncoderConfig
from trainer.fit import Fit, Start, fit_head
from trainer.geometry import fit_geometry
from trainer.likelihood import Intervals
from trainer.outcomes import Scale
from trainer.problem import make_problem

N_RUNS = 7
PRECISION = 1.0
APPENDED = 32
EQUAL_LOSS = 1e-6
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

    def fit(self, start: Start | None = None) -> Fit:
        upper = torch.from_numpy(np.where(self.first_won_B, 2, 1))
        intervals, weight_B = Intervals(upper - 1, upper), torch.ones(len(upper), dtype=torch.float64)
        problem = make_problem(self.coordinates_NK, self.first_B, self.second_B, intervals, weight_B, BINARY)
        return fit_head(problem, PRECISION, start)

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
    exact = labels.fit()
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
        "newton_steps": exact.n_steps,
        "seconds": {name: spread(times) for name, times in seconds.items()},
        "tolerance": tolerance,
        "ratios_of_medians": ratios(seconds, median),
        "ratios_of_minima": ratios(seconds, min),
        "gemm_limit": gemm_limit(labels, exact, seconds),
    }


def ratios(seconds: Seconds, middle: Callable[[list[float]], float]) -> dict[str, float]:
    """Return our time over theirs; the minima tell more than the medians where other work came between."""
    time = {name: middle(times) for name, times in seconds.items()}
    return {
        "cold/lbfgs": time["ours_cold"] / time["sklearn_lbfgs"],
        "cold/newton-cholesky": time["ours_cold"] / time["sklearn_newton-cholesky"],
        "warm/lbfgs": time["ours_warm"] / time["sklearn_lbfgs"],
        "warm/lbfgs_warm": time["ours_warm"] / time["sklearn_lbfgs_warm"],
    }


def gemm_limit(labels: Labels, exact: Fit, seconds: Seconds) -> dict[str, float]:
    """Set our cold fit against the time of its Gram products alone at this machine's measured rate."""
    n_responses = len(torch.unique(torch.cat([labels.first_B, labels.second_B])))
    rows = torch.randn(min(n_responses, len(labels.first_B)), labels.coordinates_NK.shape[1])
    product = in_turn(N_RUNS, gram=lambda: rows.T @ rows)["gram"]
    limit = exact.n_factors * spread(product)["median"]
    return {"seconds": limit, "ours_cold/limit": spread(seconds["ours_cold"])["median"] / limit}


def rotated(config: EncoderConfig) -> tuple[torch.Tensor, Humour]:
    humour = load_humour(config)
    ends = torch.from_numpy(humour.first_M), torch.from_numpy(humour.second_M)
    return fit_geometry(torch.from_numpy(humour.embedding_ND), *ends, seed=0).coordinates_NK, humour


def main() -> None:
    default = rotated(EncoderConfig())
    small = rotated(EncoderConfig(layers=(-1,), texts=("pair",)))
    cases = [(default, 10_000), (small, 10_000), (small, 100_000)]
    report("fit", {"cases": [compare(*data, n) for data, n in cases]})


if __name__ == "__main__":
    main()
