"""Trials of the released head from rows: against the newest head, and against the release before it.

Both are judged by what those who use a head read of it: sigma of its margins times its sharpness (docs/model.md).
"""

from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from annotate.models import Project, Snapshot, Stream
from annotate.selectors.slices import audit_slices
from annotate.selectors.training_rows import LabelRows
from annotate.selectors.watermark import watermark_of
from annotate.services.releasing import grow_reference
from trainer.full_rank import full_rank
from trainer.head import Head, rewards
from trainer.honesty import log_losses, luck_groups
from trainer.likelihood import decisive_probability, tie_edge
from trainer.material import Material
from trainer.outcomes import Outcome
from trainer.reading import Reading
from trainer.refit import Refit
from trainer.release import MIN_SLICE, ROLL_BACK_AT, Trial, is_look, promotion, roll_back_evidence
from trainer.shelf import Shelf

MOST_SLICES = 20
EVEN = 0.5

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Scorer:
    """A stored head that scores responses, each once: what it said is kept while the process lives."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot, self.head = snapshot, Head.from_bytes(snapshot.tried)
        self.sharpness = float(snapshot.metrics.get("sharpness") or self.head.temperature)
        self.known: dict[int, float] = {}

    def rewards(self, shelf: Shelf, place_R: Indices) -> Floats:
        """Return the rewards of the responses at these places of the shelf."""
        ids = shelf.response_N[place_R].tolist()
        new = sorted({one for one in ids if one not in self.known})
        places = np.searchsorted(shelf.response_N, new)
        self.known |= dict(zip(new, rewards(self.head, shelf.embedding_ND[places]).tolist(), strict=True))
        return np.array([self.known[one] for one in ids])

    def p_first(self, shelf: Shelf, first_B: Indices, second_B: Indices) -> Floats:
        """Return P(first | decisive) of pairs, as those read it who have the head alone."""
        margin_B = torch.from_numpy(self.rewards(shelf, first_B) - self.rewards(shelf, second_B))
        return _read(self.head, self.sharpness, margin_B)


_scorers: dict[int, list[Scorer]] = {}
_slices: dict[int, tuple[int, dict[int, tuple[str, ...]]]] = {}


@dataclass(frozen=True)
class Candidate:
    """The head that is tried, and P(first | decisive) of each label as its readers read it, without the label's pair.

    At a look, where a release is decided, it is the newest head refitted at full rank; else that head as it is.
    """

    head: Head
    p_read_B: Floats
    full_rank: bool = False


@dataclass(frozen=True)
class Held:
    """A trial's figures, and the head at full rank where that is what was tried."""

    figures: dict[str, Any]
    full_rank: Head | None


def hold_trial(project: Project, parent: Snapshot | None, read: Reading, result: Refit) -> Held | None:
    """Try the newest head against the released one, and that against the release before it; None where neither can be.

    Decided at the looks of trainer.release; held every time, so that its figures can be shown.
    """
    labels, material, shelf = read.labels, read.material, read.shelf
    released, previous = (*_released(project), None, None)[:2]
    if released and not _scores(released, shelf):
        return None
    fresh_B = _fresh(labels, material, released.snapshot if released else None)
    pair_B = material.pair_B[fresh_B]
    first_B, second_B = material.first_M[pair_B], material.second_M[pair_B]
    won_B = material.outcome_B[fresh_B] == Outcome.FIRST
    p_old_B = released.p_first(shelf, first_B, second_B) if released else np.full(len(won_B), EVEN)
    look = is_look(_n_before(parent, released), len(won_B))
    candidate = _candidate(read, result, at_full_rank=look and not result.geometry.is_whole)
    trial = Trial(candidate.p_read_B[fresh_B], p_old_B, won_B, luck_groups(material.prompt_B[fresh_B], pair_B))
    decided = promotion(
        trial,
        slices_of(project, labels, fresh_B),
        n_labels=(len(labels.comparison), released.snapshot.n_comparisons if released else len(labels.comparison)),
        reference_rewards=_reference_rewards(project, shelf, candidate.head, released),
        seed=project.seed,
    )
    known = previous if previous and _scores(previous, shelf) else None
    p_previous_B = known.p_first(shelf, first_B, second_B) if known else np.full(len(won_B), EVEN)
    wealth = _wealth(trial, p_previous_B, pair_B) if released else 1.0
    figures = {
        "released": released.snapshot.number if released else None,
        "n": len(won_B),
        "look": look,
        "full_rank": candidate.full_rank,
        "decision": decided.decision,
        "conditions": [{**asdict(one), "figure": _known(one.figure)} for one in decided.conditions],
        "worse": decided.worse,
        "gain": _known(float(trial.gain_B.mean())) if len(won_B) else None,
        "wealth": wealth,
        "roll_back": wealth >= ROLL_BACK_AT,
    }
    return Held(figures, candidate.head if candidate.full_rank else None)


def _candidate(read: Reading, result: Refit, *, at_full_rank: bool) -> Candidate:
    if not at_full_rank:
        return Candidate(result.head, result.labels.p_read_B)
    found = full_rank(read.material, read.config, result.head, result.geometry)
    sharp = float(result.metrics["sharpness"] or result.head.temperature)
    return Candidate(found.head, _read(found.head, sharp, torch.from_numpy(found.margin_B)), full_rank=True)


def _read(head: Head, sharpness: float, margin_B: torch.Tensor) -> Floats:
    """Return P(first | decisive) as those read it who have a head and its sharpness alone."""
    edge = tie_edge(torch.tensor(head.cuts, dtype=torch.float64))
    p_first: Floats = decisive_probability(sharpness * margin_B, sharpness * edge).numpy()
    return p_first


def reference_rewards(project: Project, read: Reading, result: Refit) -> bytes:
    """Return the new head's rewards of the project's reference responses, in their order, as fp32."""
    place_R = np.searchsorted(read.shelf.response_N, grow_reference(project))
    return rewards(result.head, read.shelf.embedding_ND[place_R]).astype("<f4").tobytes()


def _released(project: Project) -> list[Scorer]:
    """Return the released head and the one before it, as many as there are."""
    rows = Snapshot.objects.filter(project=project).released()
    kept = {scorer.snapshot.pk: scorer for scorer in _scorers.get(project.pk, [])}
    newest = list(rows.light()[:2])
    _scorers[project.pk] = [kept.get(row.pk) or Scorer(rows.get(pk=row.pk)) for row in newest]
    return _scorers[project.pk]


def _scores(scorer: Scorer, shelf: Shelf) -> bool:
    """Say whether a stored head speaks of the embeddings that are in use."""
    return scorer.snapshot.encoder_key == shelf.encoder_key


def _fresh(labels: LabelRows, material: Material, released: Snapshot | None) -> Flags:
    """Mark the decisive audit labels of pairs of which the released head had seen no label."""
    audit_B = (labels.stream == Stream.AUDIT) & ~labels.surplus
    decisive_B = np.isin(material.outcome_B, (Outcome.FIRST, Outcome.SECOND)) & (material.weight_B > 0)
    mark = watermark_of(released.watermark) if released else None
    seen_B = labels.comparison <= (mark.last_comparison if mark else 0)
    fresh_B: Flags = audit_B & decisive_B & ~np.isin(labels.pair, labels.pair[seen_B])
    return fresh_B


def slices_of(project: Project, labels: LabelRows, some_B: Flags) -> dict[str, Flags]:
    """Return the largest slices of some labels, by name, as flags over them."""
    last, known = _slices.get(project.pk, (0, {}))
    newest = int(labels.comparison.max(initial=0))
    known |= dict(audit_slices(project, after=last)) if newest > last else {}
    _slices[project.pk] = newest, known
    return slices(labels.pair[some_B], known)


def slices(pair_B: Indices, names_of: dict[int, tuple[str, ...]]) -> dict[str, Flags]:
    """Return flags over labels by the names of their pairs' slices: the 20 largest of 30 labels and more."""
    members: dict[str, list[int]] = {}
    for label, pair in enumerate(pair_B.tolist()):
        for name in names_of.get(pair, ()):
            members.setdefault(name, []).append(label)
    largest = sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))
    big = ((name, some) for name, some in largest if len(some) >= MIN_SLICE)
    return {name: np.isin(np.arange(len(pair_B)), some) for name, some in islice(big, MOST_SLICES)}


def _reference_rewards(project: Project, shelf: Shelf, head: Head, released: Scorer | None) -> tuple[Floats, Floats]:
    """Return the reference set's rewards under the new and the released head; the same twice before any release."""
    place_R = np.searchsorted(shelf.response_N, grow_reference(project))
    ours = rewards(head, shelf.embedding_ND[place_R])
    return (ours, released.rewards(shelf, place_R)) if released else (np.arange(2.0), np.arange(2.0))


def _wealth(trial: Trial, p_previous_B: Floats, pair_B: Indices) -> float:
    """Return the most that was won by betting that the released head is worse than the one before it, or a coin."""
    loss_previous_B, loss_released_B = (log_losses(p_B, trial.first_won_B) for p_B in (p_previous_B, trial.p_old_B))
    return float(roll_back_evidence(loss_previous_B, loss_released_B, pair_B).max(initial=1.0))


def _n_before(parent: Snapshot | None, released: Scorer | None) -> int:
    """Return the fresh labels at the last trial against the same released head."""
    trial = (parent.metrics.get("trial") if parent else None) or {}
    same = trial.get("released", 0) == (released.snapshot.number if released else None)
    return int(trial["n"]) if same else 0


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
