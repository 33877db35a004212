"""A replay: recorded people answer through the real services while the trainer refits between their verdicts."""

import random
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import numpy as np

from annotate.formats.jsonl import read_rows
from annotate.formats.rows import ImportedPrompt
from annotate.models import Assignment, Outcome, Role, Run, User
from annotate.selectors.training_rows import pair_rows
from annotate.services.assigning import lease_pairs
from annotate.services.comparing import record_comparison, skip_assignment
from annotate.services.importing import add_rows
from annotate.services.labels import OTHER_SIDE
from annotate.services.projects import archive_project, create_project, set_member
from annotate.services.training import claim_run, due_runs
from trainer import desk
from trainer.embedding import embed
from trainer.honesty import score
from trainer.refit import Refit

N_PEOPLE = 2  # who take turns, so that audit pairs get their second look


@dataclass(frozen=True)
class Point:
    """How well the head predicts the held-out verdicts after n_labels: accuracy, NLL in nats, ECE; n of them."""

    n_labels: int
    n: int
    accuracy: float
    nll: float
    ece: float


Curve = list[Point]


@dataclass(frozen=True)
class Recording:
    """The labelled pairs of a file, and which of them are never asked about but kept for scoring."""

    rows: tuple[ImportedPrompt, ...]
    held_out: frozenset[str]

    @classmethod
    def read(cls, path: Path, *, held_out: float, seed: int) -> "Recording":
        """Read the good rows that have labels; a seeded share of them is held out."""
        with path.open("rb") as file:
            rows = tuple(
                replace(row, external_id=row.external_id or f"line {row.line}")
                for row in read_rows(file)
                if isinstance(row, ImportedPrompt) and row.labels
            )
        names = sorted(str(row.external_id) for row in rows)
        kept = random.Random(f"held out {seed}").sample(names, round(held_out * len(names)))
        return cls(rows, frozenset(kept))


def replay(recording: Recording, strategy: str, *, n_labels: int, every: int, seed: int) -> Curve:
    """Ask for up to n_labels verdicts, refit after every `every` of them, and score each head on the held-out ones.

    A pair's verdicts are drawn without replacement from those that people gave on it; ties stay out of the scores.
    """
    stage = _Stage(recording, strategy, seed)
    curve = [stage.score(0)]
    for n_given in range(1, n_labels + 1):
        if not stage.ask():
            break
        if n_given % every == 0:
            curve.append(stage.score(n_given))
    archive_project(project=stage.project, by=stage.admin)
    return curve


class _Stage:
    """One project in which stand-ins take turns to give the verdicts of the people recorded."""

    def __init__(self, recording: Recording, strategy: str, seed: int) -> None:
        name = f"{strategy}-{seed}"
        self.admin = User.objects.create(username=f"admin-{name}", is_superuser=True)
        self.project = create_project(name=name, slug=name, by=self.admin, strategy=strategy, seed=seed)
        self.people = deque(self._person(f"person-{number}-{name}") for number in range(N_PEOPLE))
        add_rows(project=self.project, rows=[replace(row, labels=()) for row in recording.rows], by=self.admin)
        self.project.pairs.filter(external_id__in=recording.held_out).update(open=False)
        self.verdicts = self._verdicts(recording, random.Random(f"verdicts {seed}"))
        self.held_out_pairs = set(
            self.project.pairs.filter(external_id__in=recording.held_out).values_list("pk", flat=True)
        )

    def ask(self) -> bool:
        """Have the next person judge one pair; return False when nobody is offered any."""
        for _ in range(N_PEOPLE):
            self.people.rotate()
            while offered := lease_pairs(project=self.project, annotator=self.people[0]):
                if self._answer(offered[0]):
                    return True
        return False

    def score(self, n_labels: int) -> Point:
        """Bring the head up to date and score its moderated probabilities on the held-out verdicts."""
        result = self._refit()
        pairs = pair_rows(self.project).pair
        asked = [
            (place, pair, outcome == Outcome.FIRST)
            for place, pair in enumerate(pairs)
            if pair in self.held_out_pairs
            for outcome in self.verdicts[pair]
            if outcome in (Outcome.FIRST, Outcome.SECOND)
        ]
        place, pair, first_won = (np.array(column) for column in zip(*asked, strict=True))
        scored = score(result.p_first_M[place], first_won, pair, seed=0)
        return Point(n_labels, scored.n, scored.accuracy, scored.nll, scored.ece)

    def _answer(self, assignment: Assignment) -> bool:
        """Give a recorded verdict, or skip a pair whose verdicts have all been given."""
        verdicts = self.verdicts[assignment.pair_id]
        if not verdicts:
            skip_assignment(assignment=assignment, reason="no verdict recorded", by=assignment.annotator)
            return False
        record_comparison(assignment=assignment, outcome=verdicts.pop(), client_key=uuid4(), by=assignment.annotator)
        return True

    def _refit(self) -> Refit:
        while runs := [run for run in due_runs() if run.project_id == self.project.pk]:
            for claimed in filter(None, (claim_run(run.pk) for run in runs)):
                if claimed.kind == Run.Kind.FIT:
                    self.result = desk.fit(claimed)
                else:
                    embed(claimed)
        return self.result

    def _person(self, username: str) -> User:
        person = User.objects.create(username=username)
        set_member(project=self.project, user=person, role=Role.ANNOTATOR)
        return person

    def _verdicts(self, recording: Recording, coin: random.Random) -> dict[int, list[Outcome]]:
        """Return each pair's recorded verdicts in a seeded random order, in stored order of its responses."""
        pairs = {pair.external_id: pair for pair in self.project.pairs.select_related("first")}
        verdicts = {}
        for row in recording.rows:
            pair = pairs[str(row.external_id)]
            in_order = (pair.first.text, pair.first.source) == (row.responses[0].text, row.responses[0].source)
            given = [Outcome(label.outcome) for label in row.labels]
            coin.shuffle(given)
            verdicts[pair.pk] = given if in_order else [OTHER_SIDE.get(outcome, outcome) for outcome in given]
        return verdicts
