"""A stage: one project on which stand-ins give the verdicts of the people recorded, through the real services."""

import random
from collections import deque
from uuid import NAMESPACE_OID, uuid4, uuid5

import numpy as np

from annotate.formats.hashes import text_hash
from annotate.formats.rows import ImportedPrompt
from annotate.models import Assignment, Comparison, Outcome, Project, Role, Run, User
from annotate.services.arriving import add_rows
from annotate.services.assigning import lease_pairs
from annotate.services.comparing import record_comparison, skip_assignment
from annotate.services.labels import OTHER_SIDE
from annotate.services.members import set_member
from annotate.services.projects import archive_project, create_project
from annotate.services.training import claim_run, due_runs
from trainer import desk
from trainer.disagreement import precision_at
from trainer.embedding import embed
from trainer.refit import Refit
from trainer.replay.library import Library, without_labels
from trainer.replay.recording import Rows, is_against_the_others
from trainer.shelf import clear_shelf

N_PEOPLE = 2  # who take turns, so that audit pairs get their second look


class Stage:
    """A pair's verdicts are drawn at random, without replacement, from those that were recorded.

    With the same seed two strategies meet the same audit pairs, the same draws of streams and the same verdicts.
    """

    def __init__(self, library: Library, rows: Rows, admin: User, *, strategy: str, outcomes: str, seed: int) -> None:
        name = f"{strategy}-{seed}"
        settings = {"strategy": strategy, "outcomes": outcomes, "seed": seed}
        self.admin = admin
        self.project = create_project(name=name, slug=name, by=admin, **settings)
        self.people = deque(_person(self.project, f"person-{number}-{seed}") for number in range(N_PEOPLE))
        add_rows(project=self.project, rows=without_labels(rows), by=admin)
        library.lend(self.project)
        self.recorded = _recorded(self.project, rows)
        coin = random.Random(f"verdicts {seed}")
        self.left = {pair: coin.sample(verdicts, len(verdicts)) for pair, verdicts in self.recorded.items()}

    def ask(self) -> bool:
        """Have the next person judge one pair; return False when nobody is offered any."""
        for _ in range(N_PEOPLE):
            self.people.rotate()
            while offered := lease_pairs(project=self.project, annotator=self.people[0]):
                if self._answer(offered[0]):
                    return True
        return False

    def learn(self) -> Refit:
        """Do what a head needs, as the trainer's worker does, and return the newest; studies of it are left undone."""
        while run := self._claim_next():
            if run.kind == Run.Kind.FIT:
                self._result = desk.fit(run)
            else:
                embed(run)
        return self._result

    def precision(self, result: Refit, *ks: int) -> dict[str, float]:
        """Return which share of the most surprising verdicts most others were against; the rate of all for k = all.

        Of verdicts on pairs on which at least two others were decisive and did not split evenly.
        """
        rows = Comparison.objects.filter(project=self.project).order_by("pk")
        against = [
            is_against_the_others(outcome, self.recorded[pair])
            for pair, outcome in rows.values_list("assignment__pair", "outcome")
        ]
        known = np.array([one is not None for one in against], bool)
        wrong_B = np.array([bool(one) for one in against], bool)[known]
        surprise_B = result.labels.surprise_B[known]
        shares = {"all": float(wrong_B.mean()) if len(wrong_B) else np.nan}
        shares |= {str(k): precision_at(surprise_B, wrong_B, k) for k in ks}
        return {k: share for k, share in shares.items() if np.isfinite(share)}

    def close(self) -> None:
        archive_project(project=self.project, by=self.admin)
        clear_shelf(self.project.pk)

    def _claim_next(self) -> Run | None:
        own = (run for run in due_runs() if run.project_id == self.project.pk)
        return next((claim_run(run.pk) for run in own if run.kind in (Run.Kind.EMBED, Run.Kind.FIT)), None)

    def _answer(self, assignment: Assignment) -> bool:
        """Give a recorded verdict, or skip a pair whose verdicts have all been given."""
        verdicts, by = self.left[assignment.pair_id], assignment.annotator
        if not verdicts:
            skip_assignment(assignment=assignment, reason="no verdict recorded", by=by)
            return False
        record_comparison(assignment=assignment, outcome=Outcome(verdicts.pop()), client_key=uuid4(), by=by)
        return True


def _person(project: Project, username: str) -> User:
    """Return a stand-in, the same for every strategy; the coin of their streams is seeded by who they are."""
    known_by = {"public_id": uuid5(NAMESPACE_OID, username)}
    person, _ = User.objects.get_or_create(username=username, defaults=known_by)
    set_member(project=project, user=person, role=Role.ANNOTATOR)
    return person


def _recorded(project: Project, rows: Rows) -> dict[int, list[str]]:
    """Return each pair's recorded verdicts, in stored order of its responses."""
    pairs = {pair.external_id: pair for pair in project.pairs.select_related("first")}
    return {(pair := pairs[str(row.external_id)]).pk: _in_stored_order(row, pair.first.text_hash) for row in rows}


def _in_stored_order(row: ImportedPrompt, first_hash: str) -> list[str]:
    verdicts = [label.outcome for label in row.labels]
    if text_hash(row.responses[0].text) == first_hash:
        return verdicts
    return [str(OTHER_SIDE.get(Outcome(outcome), outcome)) for outcome in verdicts]
