"""The shelf: what a trainer keeps of a project between its runs. Embeddings, mapped from a file, and their geometry.

All of it is a cache of rows and may be lost at any time. Files lie in the data directory, in a folder per project and
encoder key; the folder's name tells projects of different databases apart.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.conf import settings

from annotate.models import Embedding, Project
from annotate.selectors.training_rows import PairRows, embedded_ids, vectors
from annotate.selectors.watermark import Watermark
from trainer.geometry import Geometry
from trainer.vector_file import NO_ROWS, Ids, Rows, VectorFile

MOST_BYTES = 2**31  # of geometries in memory, besides the newest
N_COMPARED = 64  # rows of a file that are held against the database when it is opened
UNUSED_SECONDS = 30 * 86_400  # after which a file is removed
SWEEP_SECONDS = 3600


class NotEmbedded(Exception):
    """Material came after the embedding; it is embedded first."""


@dataclass
class Shelf:
    """What is kept of one project under one encoder key; rows are in order of response id."""

    project: Project
    encoder_key: str
    rows: Rows = NO_ROWS
    geometry: Geometry | None = None

    @property
    def response_N(self) -> Ids:
        return self.rows.response_N

    @property
    def embedding_ND(self) -> npt.NDArray[np.float16]:
        return self.rows.embedding_ND

    @property
    def file(self) -> VectorFile:
        return VectorFile(_folder(self.project) / self.encoder_key)

    @property
    def n_bytes(self) -> int:
        """Return the size of what is in memory; mapped rows are not."""
        geometry = self.geometry
        return geometry.coordinates_NK.nbytes + geometry.rotation_DK.nbytes if geometry else 0

    def fill(self, n_responses: int) -> None:
        """Bring the rows up to date. Ids do not commit in order: from one that turned up late on, all are read anew."""
        if not len(self.response_N):
            self._open()
        if len(self.response_N) < n_responses:
            self.rows = self.file.extend(self._read_after)
        if len(self.response_N) < n_responses:
            n_alike = _n_alike(self.response_N, embedded_ids(self.project, self.encoder_key))
            if n_alike < len(self.response_N):
                self.file.shorten(n_alike)
                self.rows = self.file.extend(self._read_after)
        with suppress(FileNotFoundError):
            os.utime(self.file.directory)

    def _open(self) -> None:
        """Map what the file holds, unless the database says otherwise: it may have been restored from a backup."""
        self.rows = self.file.rows()
        last = [int(response) for response in self.response_N[-N_COMPARED:]]
        stored = Embedding.objects.filter(response__in=last, encoder_key=self.encoder_key)
        vector_of = {response: bytes(vector) for response, vector in stored.values_list("response_id", "vector")}
        here = {response: row.tobytes() for response, row in zip(last, self.embedding_ND[-N_COMPARED:], strict=True)}
        if vector_of != here:
            self.file.delete()
            self.rows = NO_ROWS

    def _read_after(self, last: int) -> Iterator[tuple[int, bytes]]:
        return vectors(self.project, self.encoder_key, after=last)


_shelves: dict[int, Shelf] = {}  # by project, the one used last at the end
_swept_at = [-float("inf")]


def shelf_of(project: Project, mark: Watermark, pairs: PairRows) -> Shelf:
    """Return the project's shelf with a vector for every response at the watermark and of the pairs.

    Raises NotEmbedded where one has none, and UnequalVectors.
    """
    _sweep_now_and_then()
    if not project.encoder_key:
        raise NotEmbedded
    shelf = _shelves.pop(project.pk, None)
    if shelf is None or shelf.encoder_key != project.encoder_key:
        shelf = Shelf(project, project.encoder_key)
    _shelves[project.pk] = shelf
    shelf.fill(mark.n_responses)
    if len(shelf.response_N) < mark.n_responses or not np.isin([pairs.first, pairs.second], shelf.response_N).all():
        raise NotEmbedded
    _make_room()
    return shelf


def clear_shelf(project_id: int) -> None:
    """Forget a project, its file too: a row that spoiled them may have been mended by the next attempt."""
    _shelves.pop(project_id, None)
    for folder in _root().glob(f"{project_id}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Remove the files, and forget the shelves, of projects that are archived or gone, and of encoders not in use.

    A file that nobody has used for a month goes as well. Whoever has one mapped keeps the rows that it has.
    """
    projects = {_folder(project).name: project for project in Project.objects.training()}
    for file in _root().glob("*/*"):
        project = projects.get(file.parent.name)
        if project is None or file.name != project.encoder_key or _is_unused(file):
            shutil.rmtree(file, ignore_errors=True)
    for pk in _shelves.keys() - {project.pk for project in projects.values()}:
        del _shelves[pk]


def _is_unused(file: Path) -> bool:
    with suppress(FileNotFoundError):
        return time.time() - file.stat().st_mtime > UNUSED_SECONDS
    return False


def _sweep_now_and_then() -> None:
    if time.monotonic() - _swept_at[0] > SWEEP_SECONDS:
        _swept_at[0] = time.monotonic()
        sweep()


def _make_room() -> None:
    """Forget what was used longest ago until the rest fits; the newest stays, however large."""
    while len(_shelves) > 1 and sum(shelf.n_bytes for shelf in list(_shelves.values())[:-1]) > MOST_BYTES:
        del _shelves[next(iter(_shelves))]


def _n_alike(here: Ids, there: Ids) -> int:
    """Return how many rows come first in both."""
    n = min(len(here), len(there))
    different = np.flatnonzero(here[:n] != there[:n])
    return int(different[0]) if len(different) else n


def _root() -> Path:
    return Path(settings.DATA_DIR) / "embeddings"


def _folder(project: Project) -> Path:
    made = int(project.created_at.timestamp() * 1_000_000)
    return _root() / f"{project.pk}-{made}"
