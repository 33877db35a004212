"""Snapshots as researchers read them: the list, the trial of one, and two side by side on the reference set."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import QuerySet

from annotate.models import Comparison, Outcome, Pair, Project, ReferenceResponse, Snapshot, Stream
from annotate.selectors.agreement import Score, audit_score
from annotate.selectors.watermark import watermark_of

MOST_FLIPS = 20
DECISIVE = (Outcome.FIRST, Outcome.SECOND)

Rewards = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Condition:
    """One condition of a release in words: what it is about, the figure, what it has to be, and whether it is."""

    about: str
    figure: str
    wanted: str
    held: bool


@dataclass(frozen=True)
class Trial:
    """A snapshot against the one that was released when it was made, on n fresh audit verdicts.

    full_rank: it was tried refitted on whole embeddings, as it would be released.
    """

    released: int | None
    n: int
    decision: str
    conditions: tuple[Condition, ...]
    worse: tuple[str, ...]
    wealth: float
    full_rank: bool


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    snapshot: Snapshot
    audit: Score | None
    live: bool
    released: bool


@dataclass(frozen=True)
class HeadFile:
    """A head as a file, and which one it is. released: it is what the project has released, in the form it has."""

    number: int
    released: bool
    style_free: bool
    weights: bytes

    @property
    def which(self) -> str:
        form = ", style-free" if self.style_free else ""
        return f"snapshot {self.number}{form} ({'released' if self.released else 'not released'})"

    def name_in(self, slug: str) -> str:
        return f"{slug}-{self.number}{'-style-free' if self.style_free else ''}.safetensors"


@dataclass(frozen=True)
class Flip:
    """A reference pair on which two heads take different sides, by their margins in logits."""

    pair: Pair
    margin_one: float
    margin_other: float


@dataclass(frozen=True)
class SideBySide:
    """Two heads on the pairs of the reference set, and on those verdicts that neither had seen.

    tau: Kendall's, of the rewards. right_one, right_other: how many of the n_unseen verdicts each called right.
    """

    one: Snapshot
    other: Snapshot
    n_pairs: int
    n_flips: int
    flips: tuple[Flip, ...]
    tau: float | None
    n_unseen: int
    right_one: int
    right_other: int


def snapshots(project: Project) -> QuerySet[Snapshot]:
    """Return the project's snapshots without their weights, the newest first."""
    return Snapshot.objects.filter(project=project).light().order_by("-number")


def rows(page: list[Snapshot], project: Project) -> list[Row]:
    """Return the lines of a page of snapshots."""
    newest = snapshots(project).values_list("number", flat=True).first()
    released = Snapshot.objects.filter(project=project).released().values_list("number", flat=True).first()
    return [Row(one, audit_score(one), one.number == newest, one.number == released) for one in page]


def snapshot_numbered(project: Project, number: int) -> Snapshot | None:
    return Snapshot.objects.filter(project=project, number=number).defer("weights", "full_rank", "style_free").first()


def snapshot_in_use(project: Project) -> Snapshot | None:
    """Return the released snapshot, light, or while none is released the newest that was not rolled back."""
    every = Snapshot.objects.filter(project=project)
    return every.released().light().first() or every.filter(withdrawn_at=None).light().order_by("-number").first()


def head_in_use(project: Project) -> HeadFile | None:
    """Return the head that exports and scores use unless they ask for another."""
    used = snapshot_in_use(project)
    return head_file(project, used.number, style_free=used.released_style_free) if used else None


def head_file(project: Project, number: int, *, style_free: bool = False) -> HeadFile | None:
    """Return one snapshot's head, or None where there is none in this form."""
    found = Snapshot.objects.filter(project=project, number=number).defer("metrics", "reference_rewards").first()
    if found is None or (style_free and found.style_free is None):
        return None
    weights = (found.style_free or b"") if style_free else found.tried
    current = Snapshot.objects.filter(project=project).released().light().first()
    released = current is not None and (current.pk, current.released_style_free) == (found.pk, style_free)
    return HeadFile(number, released, style_free, bytes(weights))


def trial_of(snapshot: Snapshot) -> Trial | None:
    """Return a snapshot's trial in words, or None where it was not tried."""
    trial = snapshot.metrics.get("trial")
    if not trial:
        return None
    return Trial(
        trial["released"],
        trial["n"],
        trial["decision"],
        tuple(_condition(one) for one in trial["conditions"]),
        tuple(trial["worse"]),
        trial["wealth"],
        trial.get("full_rank", False),
    )


def side_by_side(one: Snapshot, other: Snapshot) -> SideBySide:
    """Compare two snapshots of a project by what they stored of the reference set."""
    size = min(_rewards(one).size, _rewards(other).size)
    ours, theirs = _rewards(one)[:size], _rewards(other)[:size]
    pairs = _reference_pairs(one.project, size)
    margins = {pair.pk: (ours[first] - ours[second], theirs[first] - theirs[second]) for pair, first, second in pairs}
    flips = [
        Flip(pair, *map(float, margins[pair.pk])) for pair, _, _ in pairs if np.prod(np.sign(margins[pair.pk])) < 0
    ]
    unseen = _unseen(one, other, list(margins))
    return SideBySide(
        one=one,
        other=other,
        n_pairs=len(pairs),
        n_flips=len(flips),
        flips=tuple(sorted(flips, key=lambda flip: -abs(flip.margin_one - flip.margin_other))[:MOST_FLIPS]),
        tau=_kendall(ours, theirs),
        n_unseen=len(unseen),
        right_one=sum((margins[pair][0] > 0) == first for pair, first in unseen),
        right_other=sum((margins[pair][1] > 0) == first for pair, first in unseen),
    )


def _condition(one: dict[str, Any]) -> Condition:
    figure, bound = one["figure"], one["bound"]
    about, shown, wanted = {
        "gain": ("Gain in log loss, lower 95 % bound", _signed(figure, "nats"), f"above {bound:.4g} nats"),
        "accuracy": ("Accuracy", _signed(figure and 100 * figure, "points", digits=1), "at most 1 point lower"),
        "slices": ("Slices that are worse", f"{figure:.0f}", "none"),
        "calibration": ("Calibration error", f"{figure:.3f}", f"at most {bound:.3f}"),
        "ranking": (
            "Ranking of the reference set, Kendall's tau",
            "unknown" if figure is None else f"{figure:.2f}",
            f"at least {bound:.1f}, or a person decides",
        ),
    }[one["name"]]
    return Condition(about, shown, wanted, one["held"])


def _signed(figure: float | None, unit: str, *, digits: int = 3) -> str:
    return "unknown" if figure is None else f"{figure:+.{digits}f} {unit}"


def _rewards(snapshot: Snapshot) -> Rewards:
    return np.frombuffer(bytes(snapshot.reference_rewards), "<f4").astype(np.float64)


def _reference_pairs(project: Project, size: int) -> list[tuple[Pair, int, int]]:
    """Return the pairs between reference responses with the places of both, in the project's random order."""
    reference = ReferenceResponse.objects.filter(project=project, position__lt=size)
    place = dict(reference.values_list("response", "position"))
    found = Pair.objects.filter(project=project, first__in=reference.values("response")).select_related("prompt")
    return [
        (pair, place[pair.first_id], place[pair.second_id])
        for pair in found.order_by("-audit", "shuffle", "pk")
        if pair.second_id in place
    ]


def _unseen(one: Snapshot, other: Snapshot, pairs: list[int]) -> list[tuple[int, bool]]:
    """Return (pair, whether first was chosen) of the live audit verdicts on pairs that neither head had seen judged."""
    marks = [mark.last_comparison for mark in map(watermark_of, (one.watermark, other.watermark)) if mark]
    if len(marks) < 2:
        return []
    verdicts = Comparison.objects.filter(project=one.project, assignment__pair__in=pairs)
    seen = set(verdicts.filter(pk__lte=max(marks)).values_list("assignment__pair", flat=True))
    later = verdicts.live().filter(pk__gt=max(marks), outcome__in=DECISIVE)
    audit = later.filter(assignment__stream=Stream.AUDIT, surplus=False).values_list("assignment__pair", "outcome")
    return [(pair, outcome == Outcome.FIRST) for pair, outcome in audit if pair not in seen]


def _kendall(ours: Rewards, theirs: Rewards) -> float | None:
    """Return Kendall's tau-a: concordant less discordant couples, over all. There are 256 responses at most."""
    n = len(ours)
    if n < 2:
        return None
    agree = np.sign(ours[:, None] - ours) * np.sign(theirs[:, None] - theirs)
    return float(agree.sum() / (n * (n - 1)))
