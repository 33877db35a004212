"""A project whose rewards, lapses, ties and position bias are known, judged while its head learns (recovery.py)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import expit

from trainer.annotators import PRIOR_GUESSES, PRIOR_OTHERS
from trainer.fit import Fit, fit_head
from trainer.geometry import Geometry, fit_geometry
from trainer.honesty import correctness
from trainer.likelihood import Intervals
from trainer.outcomes import Outcome, Scale, ScaleName, verdict_intervals
from trainer.problem import Problem, make_problem

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Setting:
    """How large a simulated project is and how its people are.

    tie_edge: margins, noise included, that are called a tie; 0 where ties are not offered. position: by how many
    logits people lean to the left. lapsing: whether people answer blindly at rates drawn from the trainer's prior.
    audit_share: of labels on random pairs, the others on the pairs the head is least certain of.
    """

    n_prompts: int = 60
    responses_per_prompt: int = 6
    size: int = 12
    n_labels: int = 600
    every: int = 60
    audit_share: float = 0.5
    n_people: int = 5
    tie_edge: float = 0.0
    position: float = 0.0
    lapsing: bool = False

    @property
    def scale(self) -> Scale:
        name: ScaleName = "ties" if self.tie_edge else "binary"
        return Scale(name)


@dataclass(frozen=True)
class World:
    """Responses, pairs and people. margin_M: true margins. lapse_A: how often each person answers blindly."""

    setting: Setting
    geometry: Geometry
    prompt_M: Integers
    first_M: Integers
    second_M: Integers
    margin_M: Floats
    lapse_A: Floats

    def chances(self, margin: Floats, lapse: Floats | float, side: Floats | float) -> tuple[Floats, Floats]:
        """Return P(first) and P(second): an ordered logit, or with the lapse rate a blind choice among outcomes."""
        edge, lean = self.setting.tie_edge, margin + self.setting.position * side
        blind = lapse / (3 if edge else 2)
        return (1 - lapse) * expit(lean - edge) + blind, (1 - lapse) * expit(-lean - edge) + blind

    def accuracy(self, guess_M: Floats, pair_P: Integers) -> float:
        """Return the true accuracy, over some pairs, all people and both sides, of calling each pair by a sign."""
        sides, every_lapse, guess_P = np.array([1.0, -1.0]), self.lapse_A[:, None, None], guess_M[pair_P]
        first, second = self.chances(self.margin_M[pair_P], every_lapse, sides[None, :, None])
        right = np.where(guess_P > 0, first, np.where(guess_P < 0, second, (first + second) / 2))
        return float(right.sum() / (first + second).sum())


@dataclass(frozen=True)
class Labels:
    """Verdicts in the order they came. side_B: +1 where first was on the left. right_B: whether the head that stood
    at the time called an audit label right; NaN for others. accuracy_B: how often that head is right, in truth, of
    audit pairs that had no verdict yet; NaN where none were left.
    """

    pair_B: Integers
    outcome_B: Integers
    annotator_B: Integers
    side_B: Floats
    right_B: Floats
    accuracy_B: Floats


def make_world(setting: Setting, rng: np.random.Generator) -> World:
    """Draw a project. Prompts differ in how far apart their responses lie, so that their labels share their luck."""
    prompt_N = np.repeat(np.arange(setting.n_prompts), setting.responses_per_prompt)
    apart_N = np.exp(0.5 * rng.standard_normal(setting.n_prompts))[prompt_N]
    embedding_ND = (apart_N[:, None] * rng.standard_normal((len(prompt_N), setting.size))).astype(np.float16)
    first_M, second_M = np.nonzero(np.triu(prompt_N[:, None] == prompt_N, 1))
    ends = torch.from_numpy(first_M), torch.from_numpy(second_M)
    geometry = fit_geometry(torch.from_numpy(embedding_ND), *ends, seed=0)
    reward_N = geometry.coordinates_NK.double().numpy() @ rng.standard_normal(setting.size)
    lapse_A = rng.beta(PRIOR_GUESSES, PRIOR_OTHERS, setting.n_people) * setting.lapsing
    margin_M = reward_N[first_M] - reward_N[second_M]
    return World(setting, geometry, prompt_N[first_M], first_M, second_M, margin_M, lapse_A)


def collect(world: World, rng: np.random.Generator) -> Labels:
    """Have the people judge pairs while the head is refitted, and note what it said of audit pairs before any verdict.

    A fifth of the pairs are audit pairs. They come in random order and are judged twice, the second time when the head
    has learnt from the first: half of a batch's audit labels are second looks, as long as there are new pairs.
    """
    setting, order = world.setting, rng.permutation(len(world.first_M))
    audit, learn = order[: len(order) // 5], order[len(order) // 5 :]
    once, told, fit = audit[:0], _nothing(), None
    for _ in range(setting.n_labels // setting.every):
        guess_M = _margins(world, fit)
        n_audit = round(setting.every * setting.audit_share)
        again = once[: max(n_audit // 2, n_audit - len(audit))]
        new = audit[: n_audit - len(again)]
        unsure = learn[np.abs(guess_M[learn]).argsort(kind="stable")][: setting.every - n_audit]
        accuracy = world.accuracy(guess_M, audit) if len(audit) else np.nan
        asked, n_audit = np.concatenate([new, again, unsure]), len(new) + len(again)
        told = _joined(told, _answers(world, guess_M, asked, n_audit, accuracy, rng))
        fit = fit_head(problem_of(world, told), 1.0, fit.start if fit else None)
        once = np.concatenate([once[len(again) :], new])
        audit, learn = audit[len(new) :], learn[~np.isin(learn, unsure)]
    return told


def problem_of(world: World, labels: Labels) -> Problem:
    """Return what a fit is made from."""
    n = len(labels.pair_B)
    scale = world.setting.scale
    lower, upper, weight = verdict_intervals(labels.outcome_B, np.zeros(n, np.int64), np.ones(n), scale)
    first_B, second_B = torch.from_numpy(world.first_M[labels.pair_B]), torch.from_numpy(world.second_M[labels.pair_B])
    intervals = Intervals(torch.from_numpy(lower), torch.from_numpy(upper))
    return make_problem(world.geometry.coordinates_NK, first_B, second_B, intervals, torch.from_numpy(weight), scale)


def _nothing() -> Labels:
    whole, real = np.empty(0, np.int64), np.empty(0)
    return Labels(whole, whole, whole, real, real, real)


def _joined(before: Labels, more: Labels) -> Labels:
    return Labels(*(np.concatenate(both) for both in zip(vars(before).values(), vars(more).values(), strict=True)))


def _answers(
    world: World, guess_M: Floats, pair_B: Integers, n_audit: int, accuracy: float, rng: np.random.Generator
) -> Labels:
    """Return verdicts on pairs, of which the first n_audit are audit labels."""
    n = len(pair_B)
    annotator_B, side_B = rng.integers(0, world.setting.n_people, n), rng.choice([-1.0, 1.0], n)
    first, second = world.chances(world.margin_M[pair_B], world.lapse_A[annotator_B], side_B)
    luck = rng.random(n)
    outcome_B = np.select([luck < first, luck < first + second], [Outcome.FIRST, Outcome.SECOND], Outcome.TIE)
    scored_B = (np.arange(n) < n_audit) & (outcome_B != Outcome.TIE)
    right_B = np.where(scored_B, correctness(expit(guess_M[pair_B]), outcome_B == Outcome.FIRST), np.nan)
    return Labels(pair_B, outcome_B, annotator_B, side_B, right_B, np.where(scored_B, accuracy, np.nan))


def _margins(world: World, fit: Fit | None) -> Floats:
    if fit is None:
        return np.zeros(len(world.first_M))
    reward_N = (world.geometry.coordinates_NK.double() @ fit.point.weight_K).numpy()
    margins: Floats = reward_N[world.first_M] - reward_N[world.second_M]
    return margins
