"""What replays show: scores on the way, labels needed to equal random, differences to random, precision of surprise."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trainer.curves import Needed, labels_needed, mean_interval
from trainer.honesty import Interval
from trainer.replay.results import SCORES, Finished, Results

BASELINE = "random"
MILESTONES = (500, 1000, 2000, 4000)
NEEDED_FOR = ("accuracy", "nll")
SHOWN_AT = (0, 125, 250, 500, 1000, 2000, 4000)


@dataclass(frozen=True)
class Difference:
    """By how much a strategy's score lies above random's after n_labels; the 95 % interval is over seeds."""

    n_labels: int
    mean: float
    interval: Interval | None


def needed(results: Results, strategy: str, held_out: str, score: str) -> list[Needed]:
    """Return the labels needed to equal what random reaches at each milestone that it got to."""
    seeds = results.seeds_of_both(strategy, BASELINE)
    if strategy == BASELINE or not seeds:
        return []
    curves, baseline = (results.curves(name, held_out, score, seeds) for name in (strategy, BASELINE))
    return [labels_needed(curves, baseline, n) for n in MILESTONES if n <= baseline.labels_P[-1]]


def differences(results: Results, strategy: str, held_out: str, score: str) -> list[Difference]:
    """Return the differences to random at each milestone that both got to, and at the last they have in common."""
    seeds = results.seeds_of_both(strategy, BASELINE)
    if strategy == BASELINE or not seeds:
        return []
    curves, baseline = (results.curves(name, held_out, score, seeds) for name in (strategy, BASELINE))
    common = np.intersect1d(curves.labels_P, baseline.labels_P)
    at = sorted({*_near(common, MILESTONES), int(common[-1])})
    return [Difference(n, *mean_interval(SCORES[score] * (curves.at(n) - baseline.at(n)))) for n in at]


def summary(results: Results) -> dict[str, object]:
    """Return every figure of the report as plain numbers and lists."""
    return {
        held_out: {
            strategy: {
                "at": [_row(results.of(strategy), held_out, n) for n in _shown(results)],
                "labels_needed": {
                    score: [_plain(one) for one in needed(results, strategy, held_out, score)] for score in NEEDED_FOR
                },
                "difference_to_random": {
                    score: [_plain(one) for one in differences(results, strategy, held_out, score)] for score in SCORES
                },
            }
            for strategy in results.strategies
        }
        for held_out in results.held_out()
    } | {"precision_of_surprise": {name: precision(results.of(name)) for name in results.strategies}}


def precision(runs: list[Finished]) -> dict[str, float]:
    """Return the mean over runs of the precision of surprise, for each number looked at that all of them have."""
    common = [k for k in runs[0].precision if all(k in run.precision for run in runs)]
    return {k: float(np.mean([run.precision[k] for run in runs])) for k in common}


def lines(results: Results) -> Iterator[str]:
    """Write the report."""
    for held_out in results.held_out():
        yield f"\nheld-out {held_out}: mean over seeds"
        yield "labels  " + "".join(f"| {name:>12}: accuracy    nll    ece " for name in results.strategies)
        for n in _shown(results):
            yield f"{n:6}  " + "".join(_cells(results.of(name), held_out, n) for name in results.strategies)
        yield from _comparison(results, held_out)
    yield "\nprecision of surprise: most others who judged the pair said the opposite (all: of every such verdict)"
    for name in results.strategies:
        shares = precision(results.of(name))
        yield f"{name:>14}: " + ", ".join(f"{share:.3f} of {k}" for k, share in shares.items())


def _comparison(results: Results, held_out: str) -> Iterator[str]:
    for strategy in results.strategies:
        for score in NEEDED_FOR:
            for one in needed(results, strategy, held_out, score):
                yield (
                    f"{strategy} needs {_times(one)} the labels of random to reach its {score} at {one.target}, "
                    f"{abs(one.level):.4f}"
                )
        for score in SCORES:
            for gap in differences(results, strategy, held_out, score):
                yield f"{strategy} - random, {score} at {gap.n_labels}: {gap.mean:+.4f}{_around(gap.interval)}"


def _times(one: Needed) -> str:
    return f"{one.ratio:.2f}{_around(one.interval)} times" if np.isfinite(one.ratio) else "more than all of"


def _around(interval: Interval | None) -> str:
    return f" ({interval[0]:.4g} to {interval[1]:.4g})" if interval else ""


def _cells(runs: list[Finished], held_out: str, n: int) -> str:
    row = _row(runs, held_out, n)
    if not row["n_runs"]:
        return "|" + " " * 36
    return f"| {row['accuracy']:22.4f} {row['nll']:6.4f} {row['ece']:6.4f} "


def _row(runs: list[Finished], held_out: str, n: int) -> dict[str, float]:
    """Return the means over the runs that got as far as n labels."""
    there = [point.scores[held_out] for run in runs for point in run.points if point.n_labels == n]
    means = {score: float(np.mean([scores[score] for scores in there])) for score in SCORES if there}
    return {"n_labels": n, "n_runs": len(there), **means}


def _shown(results: Results) -> list[int]:
    """Return about SHOWN_AT, and the last number of labels that every run got to."""
    every = [{point.n_labels for point in run.points} for run in results.runs]
    somewhere = np.array(sorted(set.union(*every)))
    return sorted({*_near(somewhere, SHOWN_AT), max(set.intersection(*every))})


def _near(labels: np.ndarray, wanted: tuple[int, ...]) -> list[int]:
    """Return the numbers of labels at which something was scored that are nearest to the wanted ones within reach."""
    return [int(labels[np.abs(labels - n).argmin()]) for n in wanted if n <= labels[-1]]


def _plain(one: Needed | Difference) -> dict[str, object]:
    """Return what JSON can hold: no infinity."""
    return {name: value for name, value in vars(one).items() if value is not None and np.all(np.isfinite(value))}
