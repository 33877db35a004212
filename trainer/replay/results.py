"""The results of replays: one finished run per strategy and seed, kept in a file so that none is done twice."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from trainer.curves import Curves

HELD_OUT = ("pairs", "prompts")
SCORES = {"accuracy": 1.0, "nll": -1.0, "ece": -1.0}  # and whether more is better


class OtherResults(Exception):
    """The file of results holds something else than the runs that are asked for."""


@dataclass(frozen=True)
class Point:
    """How well the head predicts after n_labels: by HELD_OUT, then by name (n verdicts, accuracy, nll, ece)."""

    n_labels: int
    scores: dict[str, dict[str, float]]
    temperature: float
    prior_precision: float = 1.0


@dataclass(frozen=True)
class Finished:
    """One strategy with one seed. precision: of its most surprising verdicts, by how many were looked at."""

    strategy: str
    seed: int
    points: list[Point]
    precision: dict[str, float]
    seconds: float


@dataclass
class Results:
    """settings: what every run has in common. path: where they are kept, None for nowhere."""

    settings: dict[str, object]
    path: Path | None = None
    runs: list[Finished] = field(default_factory=list)

    @classmethod
    def resume(cls, path: Path | None, settings: dict[str, object]) -> "Results":
        """Take up the results of a file where there is one. Raises OtherResults."""
        if path is None or not path.exists():
            return cls(settings, path)
        try:
            content = json.loads(path.read_text())
            runs = [_finished(run) for run in content["runs"]]
            other = {name for name, value in settings.items() if content["settings"].get(name) != value}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise OtherResults(f"{path} holds no results of a replay. Give --out another name.") from None
        if other:
            names = ", ".join(sorted(other))
            raise OtherResults(f"{path} holds replays with another {names}. Repeat those, or give --out another name.")
        return cls(settings, path, runs)

    def has(self, strategy: str, seed: int) -> bool:
        return any((run.strategy, run.seed) == (strategy, seed) for run in self.runs)

    def keep(self, run: Finished) -> None:
        """Add a finished run, and write all of them; the file is whole at every moment."""
        self.runs.append(run)
        self.write()

    def write(self, **also: object) -> None:
        if self.path:
            content = {"settings": self.settings, **also, "runs": [asdict(run) for run in self.runs]}
            partial = self.path.with_name(f"{self.path.name}.partial")
            partial.write_text(json.dumps(content, indent=1) + "\n")
            partial.replace(self.path)

    @property
    def strategies(self) -> list[str]:
        return list(dict.fromkeys(run.strategy for run in self.runs))

    def of(self, strategy: str) -> list[Finished]:
        return sorted((run for run in self.runs if run.strategy == strategy), key=lambda run: run.seed)

    def held_out(self) -> Iterator[str]:
        """Yield the sets of verdicts that were scored."""
        return (name for name in HELD_OUT if any(name in run.points[0].scores for run in self.runs))

    def seeds_of_both(self, strategy: str, other: str) -> list[int]:
        return [run.seed for run in self.of(strategy) if self.has(other, run.seed)]

    def curves(self, strategy: str, held_out: str, score: str, seeds: list[int] | None = None) -> Curves:
        """Return one score of a strategy's runs where all of them have it, more being better."""
        runs = [run for run in self.of(strategy) if seeds is None or run.seed in seeds]
        return _curves(runs, lambda point: SCORES[score] * point.scores[held_out][score])


def _curves(runs: list[Finished], value: Callable[[Point], float]) -> Curves:
    by_labels = [{point.n_labels: value(point) for point in run.points} for run in runs]
    common = sorted(set.intersection(*(set(points) for points in by_labels)))
    value_SP = np.array([[points[n] for n in common] for points in by_labels])
    return Curves(np.array(common, float), value_SP)


def _finished(run: dict[str, object]) -> Finished:
    points = [Point(**point) for point in run["points"]]  # type: ignore[attr-defined]
    return Finished(**{**run, "points": points})  # type: ignore[arg-type]
