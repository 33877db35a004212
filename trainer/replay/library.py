"""The library of a replay: every response of the recording, embedded once for all of its stages."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from annotate.formats.hashes import messages_hash, text_hash
from annotate.formats.rows import FIRST, ImportedPrompt, ImportedResponse
from annotate.models import Project, Response, User
from annotate.selectors.training_rows import vectors
from annotate.services.arriving import add_rows
from annotate.services.embeddings import store_embeddings
from annotate.services.projects import archive_project, create_project
from annotate.services.training import claim_run, due_runs
from trainer.embedding import embed, encoder_key
from trainer.geometry import Geometry
from trainer.honesty import Score, score
from trainer.predict import predict
from trainer.refit import Refit
from trainer.replay.recording import DECISIVE, Recording, Rows

Integers = npt.NDArray[np.int64]
Key = tuple[str, str]  # digests of a prompt and of a response to it


@dataclass
class Library:
    """Embeddings by what they are of. place: where a response stands in embedding_ND."""

    encoder_key: str
    place: dict[Key, int]
    embedding_ND: npt.NDArray[np.float16]
    _seen: tuple[Geometry, Tensor] | None = None

    def lend(self, project: Project) -> None:
        """Give every response of a project its vector, so that none is encoded again."""
        rows = Response.objects.filter(project=project).values_list("pk", "prompt__text_hash", "text_hash")
        places = ((pk, self.place[prompt, text]) for pk, prompt, text in rows)
        store_embeddings(
            encoder_key=self.encoder_key,
            vectors=((pk, self.embedding_ND[place].tobytes()) for pk, place in places),
        )

    def exam(self, rows: Rows) -> "Exam":
        """Return the decisive verdicts of rows, to be predicted."""
        verdicts = [
            (pair, label.outcome == FIRST)
            for pair, row in enumerate(rows)
            for label in row.labels
            if label.outcome in DECISIVE
        ]
        ends = [[self.place[_key(row, response)] for response in row.responses] for row in rows]
        first_M, second_M = np.array(ends, np.int64).reshape(-1, 2).T
        pair_B, first_won_B = np.array(verdicts, np.int64).reshape(-1, 2).T
        return Exam(self, first_M, second_M, pair_B, first_won_B.astype(bool))

    def coordinates(self, geometry: Geometry) -> Tensor:
        """Project all responses into a geometry, which stays the same for as long as the pairs do."""
        if self._seen is None or self._seen[0] is not geometry:
            embedding_ND = torch.tensor(self.embedding_ND, device=geometry.rotation_DK.device)
            self._seen = geometry, geometry.project(embedding_ND)
        return self._seen[1]


def build_library(recording: Recording, admin: User) -> Library:
    """Embed every response of the recording, by an embed run of a project that then is archived."""
    project = create_project(name="Library", slug="library", by=admin)
    add_rows(project=project, rows=without_labels(recording.rows), by=admin)
    for due in due_runs():
        if due.project_id == project.pk and (run := claim_run(due.pk)):
            embed(run)
    archive_project(project=project, by=admin)
    key = encoder_key(project)
    stored = dict(vectors(project, key))
    rows = Response.objects.filter(project=project).values_list("pk", "prompt__text_hash", "text_hash")
    place = {(prompt, text): number for number, (_, prompt, text) in enumerate(rows)}
    return Library(key, place, np.stack([np.frombuffer(stored[pk], "<f2") for pk, _, _ in rows]))


@dataclass(frozen=True)
class Exam:
    """Pairs M of the library and the decisive verdicts B on them: of which pair each is, and whether its first won."""

    library: Library
    first_M: Integers
    second_M: Integers
    pair_B: Integers
    first_won_B: npt.NDArray[np.bool_]

    def score(self, result: Refit) -> Score | None:
        """Score a head's moderated probabilities; None where there is no verdict to predict."""
        if not len(self.pair_B):
            return None
        coordinates_NK = self.library.coordinates(result.geometry)
        p_first_M = predict(result, coordinates_NK, self.first_M, self.second_M)
        return score(p_first_M[self.pair_B], self.first_won_B, self.pair_B, seed=0)


def _key(row: ImportedPrompt, response: ImportedResponse) -> Key:
    return messages_hash(row.messages), text_hash(response.text)


def without_labels(rows: Rows) -> list[ImportedPrompt]:
    return [replace(row, labels=()) for row in rows]
