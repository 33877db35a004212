"""The trainer's public face: one pure function from a project's material to its next head, queue and numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from time import perf_counter

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.acquire import Candidates, pool_variance, select_pairs
from trainer.fit import Fit, Start, fit_head
from trainer.geometry import Geometry, fit_geometry
from trainer.head import Head
from trainer.judge import LabelReport, Metrics, judge
from trainer.likelihood import CutPoints, Intervals, decisive_probability, tie_edge
from trainer.material import FitConfig, Material
from trainer.outcomes import verdict_intervals
from trainer.posterior import Posterior, laplace_posterior, posterior_over, sharpness
from trainer.problem import Problem, make_problem
from trainer.tune import precision_for

ROUNDING = 1e-9  # a spread of rewards below this is no spread

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Queue:
    """Pairs to ask about, best first, as indices into M; NaN where the strategy has no such number."""

    pair_Q: Indices
    information_Q: Floats
    propensity_Q: Floats
    p_first_Q: Floats


@dataclass(frozen=True)
class Refit:
    """Everything one training yields. All but `seconds` is a function of the inputs of `refit` alone.

    p_first_M: moderated P(first | decisive) of every pair. metrics: named in docs/model.md; None where unknown.
    digests: of the comparisons, the pair set, the geometry and the config. geometry: pass it to the next refit.
    """

    head: Head
    queue: Queue
    p_first_M: Floats
    labels: LabelReport
    metrics: Metrics
    digests: dict[str, str]
    geometry: Geometry
    seconds: dict[str, float] = field(compare=False)


def refit(
    material: Material,
    config: FitConfig,
    *,
    previous: Head | None = None,
    geometry: Geometry | None = None,
    seed: int,
    device: str | torch.device | None = None,
) -> Refit:
    """Fit the head to every label, judge it by labels left out, and choose the pairs to ask about next.

    previous: the head before this one: its weights start the search, and its prior precision is kept until the
    labels have grown by a fifth. geometry: of an earlier refit; used if it is of the same pairs, else made anew.
    device: CUDA when there is one.
    """
    seconds: dict[str, float] = {}
    workplace = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    with _timed(seconds, "geometry"):
        geometry = _geometry(material, config, geometry, seed, workplace)
    with _timed(seconds, "fit"):
        problem = _problem(material, config, geometry)
        start = _warm_start(material, config, previous, geometry)
        precision, tuned_at = _precision(material, config, problem, previous, start)
        fit = fit_head(problem, precision, start)
        posterior = laplace_posterior(problem, fit)
    with _timed(seconds, "judge"):
        judgement = judge(material, problem, fit, posterior, seed=seed)
    with _timed(seconds, "predict"):
        seen = posterior_over(geometry.coordinates_NK, fit.point.weight_K, posterior.factor_KK)
        pairs = _Pairs.of(material, seen)
        p_first_M = pairs.probabilities(fit, judgement.temperature)
    with _timed(seconds, "queue"):
        queue = _queue(material, config, pairs, fit, int(judgement.metrics["n"] or 0), seed, p_first_M)
    head = _head(material, config, geometry, seen, fit, judgement.temperature, tuned_at)
    digests = {
        "comparisons": material.labels_digest,
        "pairs": material.pairs_digest,
        "geometry": head.geometry,
        "config": config.digest,
    }
    return Refit(head, queue, p_first_M, judgement.report, judgement.metrics, digests, geometry, seconds)


def _geometry(
    material: Material, config: FitConfig, given: Geometry | None, seed: int, device: torch.device
) -> Geometry:
    size = material.embedding_ND.shape[1]
    inputs = f"{material.encoder_key} {material.pairs_digest} {size} {config.rank} {seed}"
    made_from = sha256(inputs.encode()).hexdigest()
    if given is not None and given.made_from == made_from:
        return given
    embedding_ND = torch.from_numpy(material.embedding_ND).to(device)
    first_M, second_M = (torch.from_numpy(ends).to(device) for ends in (material.first_M, material.second_M))
    return fit_geometry(embedding_ND, first_M, second_M, seed=seed, rank=config.rank, made_from=made_from)


def _problem(material: Material, config: FitConfig, geometry: Geometry) -> Problem:
    lower, upper, weight = verdict_intervals(
        material.outcome_B, material.strength_B, material.weight_B, config.outcomes
    )
    device = geometry.coordinates_NK.device
    first, second, lower_B, upper_B, weight_B = (
        torch.from_numpy(array).to(device)
        for array in (material.first_M[material.pair_B], material.second_M[material.pair_B], lower, upper, weight)
    )
    intervals = Intervals(lower_B, upper_B)
    return make_problem(geometry.coordinates_NK, first, second, intervals, weight_B, config.outcomes)


def _akin(material: Material, config: FitConfig, previous: Head | None) -> Head | None:
    """Return the previous head if it speaks of the same embeddings and outcomes."""
    same = previous is not None and (previous.encoder_key, previous.scale) == (material.encoder_key, config.scale)
    return previous if same else None


def _warm_start(material: Material, config: FitConfig, previous: Head | None, geometry: Geometry) -> Start | None:
    if (akin := _akin(material, config, previous)) is None:
        return None
    device = geometry.coordinates_NK.device
    cuts_C = torch.tensor(akin.cuts, dtype=torch.float64, device=device)
    weight_D = torch.from_numpy(akin.weights_D).to(device)
    return Start(geometry.lower(weight_D), CutPoints(config.outcomes).log_steps(cuts_C))


def _precision(
    material: Material, config: FitConfig, problem: Problem, previous: Head | None, start: Start | None
) -> tuple[float, int]:
    if config.prior_precision is not None:
        return config.prior_precision, 0
    akin = _akin(material, config, previous)
    last = (akin.prior_precision, akin.tuned_at) if akin else None
    prompt_B, tuning_B = (
        torch.from_numpy(array).to(problem.weight_B.device)
        for array in (material.prompt_N[material.first_M[material.pair_B]], material.tuning_B)
    )
    return precision_for(problem, prompt_B, tuning_B, last=last, start=start)


@dataclass(frozen=True)
class _Pairs:
    """Every pair of the project under the posterior."""

    seen: Posterior
    first_M: Tensor
    second_M: Tensor
    variance_M: Tensor

    @classmethod
    def of(cls, material: Material, seen: Posterior) -> "_Pairs":
        ends = (torch.from_numpy(array).to(seen.reward_N.device) for array in (material.first_M, material.second_M))
        first_M, second_M = ends
        return cls(seen, first_M, second_M, seen.variances(first_M, second_M))

    def probabilities(self, fit: Fit, temperature: float) -> Floats:
        sharp_M = sharpness(self.variance_M, temperature)
        margin_M = self.seen.margins(self.first_M, self.second_M)
        p_first = decisive_probability(sharp_M * margin_M, sharp_M * tie_edge(fit.point.cuts_C))
        probabilities: Floats = p_first.cpu().numpy()
        return probabilities

    def candidates(self, some: Tensor, prompt_N: Tensor, cuts_C: Tensor) -> Candidates:
        first_P, second_P = self.first_M[some], self.second_M[some]
        pool_KK = pool_variance(self.seen, cuts_C, self.first_M, self.second_M)
        return Candidates(first_P, second_P, prompt_N[first_P], self.variance_M[some], self.seen, cuts_C, pool_KK)


def _queue(
    material: Material, config: FitConfig, pairs: _Pairs, fit: Fit, n_labels: int, seed: int, p_first_M: Floats
) -> Queue:
    device = pairs.first_M.device
    askable = torch.from_numpy(np.flatnonzero(material.askable_M)).to(device)
    candidates = pairs.candidates(askable, torch.from_numpy(material.prompt_N).to(device), fit.point.cuts_C)
    selection = select_pairs(candidates, n_pairs=config.n_queue, n_labels=n_labels, strategy=config.strategy, seed=seed)
    pair_Q = askable[selection.chosen_Q].cpu().numpy()
    return Queue(pair_Q, selection.information_Q.numpy(), selection.propensity_Q.numpy(), p_first_M[pair_Q])


def _head(
    material: Material,
    config: FitConfig,
    geometry: Geometry,
    seen: Posterior,
    fit: Fit,
    temperature: float,
    tuned_at: int,
) -> Head:
    spread = seen.reward_N.std(correction=0).item() if len(seen.reward_N) else 0.0
    return Head(
        weights_D=geometry.lift(fit.point.weight_K).float().cpu().numpy(),
        bias=-seen.reward_N.mean().item() if len(seen.reward_N) else 0.0,
        cuts=tuple(fit.point.cuts_C.tolist()),
        display_scale=1 / spread if spread > ROUNDING else 1.0,
        prior_precision=fit.prior_precision,
        tuned_at=tuned_at,
        temperature=temperature,
        scale=config.scale,
        encoder_key=material.encoder_key,
        geometry=geometry.digest,
    )


@contextmanager
def _timed(seconds: dict[str, float], part: str) -> Iterator[None]:
    start = perf_counter()
    yield
    seconds[part] = perf_counter() - start
