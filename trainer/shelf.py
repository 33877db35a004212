"""The shelf: what a trainer keeps of a project between its runs, embeddings and their geometry.

It is a cache of rows and may be lost at any time.
"""

from dataclasses import dataclass, field

import numpy as np

from annotate.models import Project
from annotate.selectors.training_rows import PairRows, vectors
from annotate.selectors.watermark import Watermark
from trainer.embedding import encoder_key
from trainer.geometry import Geometry


class NotEmbedded(Exception):
    """Material came after the embedding; it is embedded first."""


@dataclass
class Shelf:
    """What the desk keeps of one project: its embeddings in order of response id, and their geometry."""

    encoder_key: str
    response_N: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    embedding_ND: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float16))
    geometry: Geometry | None = None

    def fill(self, project: Project, n_responses: int) -> None:
        """Read the vectors that are not here yet; all of them where an older id has turned up late."""
        self._append(project, after=int(self.response_N[-1]) if len(self.response_N) else 0)
        if len(self.response_N) < n_responses:
            self.response_N, self.embedding_ND = np.empty(0, np.int64), np.empty((0, 0), np.float16)
            self._append(project, after=0)

    def _append(self, project: Project, *, after: int) -> None:
        rows = list(vectors(project, self.encoder_key, after=after))
        if rows:
            if len(sizes := {len(vector) for _, vector in rows}) > 1:
                raise ValueError(f"the stored vectors of {project} have different lengths: {sorted(sizes)} bytes")
            new_ND = np.frombuffer(bytearray().join(vector for _, vector in rows), "<f2").reshape(len(rows), -1)
            self.response_N = np.append(self.response_N, [response for response, _ in rows])
            self.embedding_ND = np.concatenate([self.embedding_ND, new_ND]) if len(self.embedding_ND) else new_ND


_shelves: dict[int, Shelf] = {}


def shelf_of(project: Project, mark: Watermark, pairs: PairRows) -> Shelf:
    """Return the project's shelf with a vector for every response at the watermark and of the pairs.

    Raises NotEmbedded where one has none.
    """
    key = encoder_key(project)
    shelf = _shelves.get(project.pk)
    if shelf is None or shelf.encoder_key != key:
        shelf = _shelves[project.pk] = Shelf(key)
    shelf.fill(project, mark.n_responses)
    if len(shelf.response_N) < mark.n_responses or not np.isin([pairs.first, pairs.second], shelf.response_N).all():
        raise NotEmbedded
    return shelf


def clear_shelf(project_id: int) -> None:
    """Forget a project: a row that spoiled its shelf may have been mended by the next attempt."""
    _shelves.pop(project_id, None)
