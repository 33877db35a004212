"""People with one taste, who judge through the real services a project whose responses have random vectors."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import numpy as np
from scipy.special import expit

from annotate.models import Outcome, Project, Response, Role, Run, Snapshot
from annotate.services.assigning import lease_pairs
from annotate.services.comparing import record_comparison
from annotate.services.embeddings import store_embeddings
from annotate.services.training import claim_run, due_runs, finish_run
from tests.factories import make_member, make_pair, make_project
from trainer import desk

SIZE, KEY = 8, "crowd"
WIDE = tuple(np.geomspace(1, 0.01, 640))  # more numbers than a rotated head has directions

Spread = Sequence[float]


class Crowd:
    """Two people and a project; their verdicts follow the taste, a direction among the vectors, with logistic noise.

    spread_D: the deviation of each number of a vector.
    """

    def __init__(
        self, *, n_pairs: int, seed: int = 0, audit: bool = True, spread_D: Spread = (1.0,) * SIZE, **settings: Any
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.project = make_project("crowd", audit_share=1.0 if audit else 0.0, encoder_key=KEY, **settings)
        self.people = [make_member(self.project, name, role=Role.ANNOTATOR) for name in ("ann", "ben")]
        for number in range(n_pairs):
            make_pair(self.project, number + 1, audit=audit, overlap=1)
        self.vectors = {
            response: (self.rng.standard_normal(len(spread_D)) * spread_D).astype("<f2")
            for response in Response.objects.filter(project=self.project).values_list("pk", flat=True)
        }
        store_embeddings(encoder_key=KEY, vectors=((pk, vector.tobytes()) for pk, vector in self.vectors.items()))
        self.taste = 1.2 * (SIZE / np.square(spread_D).sum()) ** 0.5 * self.rng.standard_normal(len(spread_D))

    def judge(self, n: int) -> None:
        for turn in range(n):
            person = self.people[turn % 2]
            (assignment,) = lease_pairs(project=self.project, annotator=person)
            margin = self.taste @ (
                self.vectors[assignment.pair.first_id] - self.vectors[assignment.pair.second_id]
            ).astype(float)
            outcome = Outcome.FIRST if self.rng.random() < expit(margin) else Outcome.SECOND
            record_comparison(assignment=assignment, outcome=outcome, client_key=uuid4(), by=person)

    def learn(self, *, study: bool = False) -> Snapshot:
        """Do what is due, but for studies unless they are asked for; return the newest snapshot."""
        for run in due_runs():
            if run.kind == Run.Kind.STUDY and not study:
                continue
            claim = claim_run(run.pk)
            assert claim is not None
            if claim.kind == Run.Kind.EMBED:
                finish_run(claim, covers=claim.watermark)
                return self.learn(study=study)
            desk.perform(claim)
        return Snapshot.objects.filter(project=self.project).latest("number")

    def refreshed(self) -> Project:
        self.project.refresh_from_db()
        return self.project
