"""The trainer's public face: one pure function from a project's material to its next head, queue and numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from time import perf_counter

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.acquire import Candidates, Selection, pool_variance, select_pairs
from trainer.fit import Fit, Start, fit_few, fit_head
from trainer.geometry import Geometry, fit_geometry
from trainer.head import Head, readings
from trainer.inputs import Inputs, embeddings, make_inputs
from trainer.judge import LabelReport, Metrics, judge
from trainer.likelihood import MarginTerms, decisive_probability, tie_edge
from trainer.material import FitConfig, Material
from trainer.posterior import Posterior, laplace_posterior, posterior_over, sharpness
from trainer.problem import Problem
from trainer.tune import precision_for

FEW = 2  # labels are few where so many times their number is less than the directions

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
    factor_KK: the posterior's Cholesky factor, for predictions of other responses (trainer/predict.py).
    digests: of the comparisons, the pair set, the geometry and the config. geometry: pass it to the next refit.
    """

    head: Head
    queue: Queue
    p_first_M: Floats
    labels: LabelReport
    metrics: Metrics
    digests: dict[str, str]
    geometry: Geometry
    factor_KK: Tensor
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
    inputs = make_inputs(material, config, torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu")))
    akin = _akin(material, config, previous)
    with _timed(seconds, "geometry"):
        geometry = _geometry(material, config, inputs, geometry, seed)
    with _timed(seconds, "fit"):
        problem = inputs.problem(geometry.coordinates_NK)
        start = _warm_start(akin, problem, geometry)
        precision, tuned_at = _precision(config, inputs, problem, akin, start)
        few = 0 < FEW * len(problem.weight_B) < problem.coordinates_RK.shape[1]
        fit = (fit_few if few else fit_head)(problem, precision, start)
        posterior = laplace_posterior(problem, fit)
    with _timed(seconds, "judge"):
        heard, heard_fit = _labels_alone(inputs, problem, fit)
        judgement = judge(material, inputs, heard, heard_fit, posterior, seed=seed)
    with _timed(seconds, "predict"):
        seen = posterior_over(geometry.coordinates_NK, fit.point.weight_K, posterior.factor_KK)
        variance_M = seen.variances(inputs.first_M, inputs.second_M)
        p_first_M = _probabilities(inputs, seen, variance_M, fit, judgement.temperature)
    with _timed(seconds, "queue"):
        selection = _select(config, inputs, seen, variance_M, fit, _draw_seed(seed, material))
    head = Head(
        **readings(seen.reward_N.cpu().numpy()),
        weights_D=geometry.lift(fit.point.weight_K).float().cpu().numpy(),
        cuts=tuple(fit.point.cuts_C.tolist()),
        prior_precision=fit.prior_precision,
        tuned_at=tuned_at,
        temperature=judgement.temperature,
        scale=config.scale,
        encoder_key=material.encoder_key,
        geometry=geometry.digest,
    )
    digests = {
        "comparisons": material.labels_digest,
        "pairs": material.pairs_digest,
        "geometry": head.geometry,
        "config": config.digest,
    }
    queue = _queue(inputs, selection, p_first_M)
    judged = judgement.report, judgement.metrics
    return Refit(head, queue, p_first_M, *judged, digests, geometry, posterior.factor_KK, seconds)


def _akin(material: Material, config: FitConfig, previous: Head | None) -> Head | None:
    """Return the previous head if it speaks of the same embeddings and outcomes."""
    same = previous is not None and (previous.encoder_key, previous.scale) == (material.encoder_key, config.scale)
    return previous if same else None


def _geometry(material: Material, config: FitConfig, inputs: Inputs, given: Geometry | None, seed: int) -> Geometry:
    size = material.embedding_ND.shape[1]
    recipe = f"{material.encoder_key} {material.pairs_digest} {size} {config.rank} {seed}"
    made_from = sha256(recipe.encode()).hexdigest()
    if given is not None and given.made_from == made_from:
        return given
    ends = inputs.first_M, inputs.second_M
    return fit_geometry(embeddings(material), *ends, seed=seed, rank=config.rank, made_from=made_from)


def _warm_start(akin: Head | None, problem: Problem, geometry: Geometry) -> Start | None:
    if akin is None:
        return None
    device = problem.weight_B.device
    cuts_C = torch.tensor(akin.cuts, dtype=torch.float64, device=device)
    weight_K = geometry.lower(torch.from_numpy(akin.weights_D).to(device))
    return Start(weight_K, problem.cut_points.log_steps(cuts_C))


def _precision(
    config: FitConfig, inputs: Inputs, problem: Problem, akin: Head | None, start: Start | None
) -> tuple[float, int]:
    if config.prior_precision is not None:
        return config.prior_precision, 0
    last = (akin.prior_precision, akin.tuned_at) if akin else None
    return precision_for(problem, inputs.prompts, inputs.tuning, last=last, start=start)


def _labels_alone(inputs: Inputs, problem: Problem, fit: Fit) -> tuple[Problem, Fit]:
    """Return problem and fit as seen by the labels: rankings shaped the head, but are not judged by it."""
    n = len(inputs.pair_B)
    if n == len(problem.weight_B):
        return problem, fit
    terms = MarginTerms(*(part[:n] for part in fit.point.terms))
    point = replace(fit.point, margin_B=fit.point.margin_B[:n], terms=terms)
    return problem.without_rankings(n), replace(fit, point=point)


def _probabilities(inputs: Inputs, seen: Posterior, variance_M: Tensor, fit: Fit, temperature: float) -> Floats:
    sharp_M = sharpness(variance_M, temperature)
    margin_M = seen.margins(inputs.first_M, inputs.second_M)
    p_first = decisive_probability(sharp_M * margin_M, sharp_M * tie_edge(fit.point.cuts_C))
    probabilities: Floats = p_first.cpu().numpy()
    return probabilities


def _select(config: FitConfig, inputs: Inputs, seen: Posterior, variance_M: Tensor, fit: Fit, seed: int) -> Selection:
    first_P, second_P = inputs.first_M[inputs.askable_P], inputs.second_M[inputs.askable_P]
    cuts_C = fit.point.cuts_C
    candidates = Candidates(
        first_P,
        second_P,
        prompt_P=inputs.prompt_N[first_P],
        variance_P=variance_M[inputs.askable_P],
        posterior=seen,
        cuts_C=cuts_C,
        pool_KK=pool_variance(seen, cuts_C, inputs.first_M, inputs.second_M),
    )
    n_labels = int((inputs.weight_B > 0).sum())
    return select_pairs(candidates, n_pairs=config.n_queue, n_labels=n_labels, strategy=config.strategy, seed=seed)


def _draw_seed(seed: int, material: Material) -> int:
    """Return a seed of its own for each set of labels: luck that is used twice makes propensities false."""
    return int(sha256(f"{seed} {material.labels_digest}".encode()).hexdigest()[:15], 16)


def _queue(inputs: Inputs, selection: Selection, p_first_M: Floats) -> Queue:
    pair_Q = inputs.askable_P[selection.chosen_Q].cpu().numpy()
    return Queue(pair_Q, selection.information_Q.numpy(), selection.propensity_Q.numpy(), p_first_M[pair_Q])


@contextmanager
def _timed(seconds: dict[str, float], part: str) -> Iterator[None]:
    start = perf_counter()
    yield
    seconds[part] = perf_counter() - start
