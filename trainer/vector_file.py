"""Vectors of many responses in files that are mapped into memory: they grow, and may be deleted at any time.

`ids` holds the length of a vector and then the id of each row, int64; `vectors` the rows, fp16, little endian both.
A block's vectors reach the disk before its ids do, so whatever an interrupted writer left, the rows that have an id are
whole. Writers take turns by a lock; readers map rows that never change, because shortened files are new files.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

BLOCK_BYTES = 2**25  # held in memory between the reader of the rows and the file
ID_BYTES = 8

Ids = npt.NDArray[np.int64]
Row = tuple[int, bytes]
ReadAfter = Callable[[int], Iterable[Row]]


@dataclass(frozen=True)
class Rows:
    """response_N: strictly rising ids. embedding_ND: their vectors, mapped and not read."""

    response_N: Ids
    embedding_ND: npt.NDArray[np.float16]


NO_ROWS = Rows(np.empty(0, np.int64), np.empty((0, 0), np.float16))


class UnequalVectors(ValueError):
    """A vector has another length than those before it."""

    def __init__(self, response: int, n_bytes: int, expected: int) -> None:
        super().__init__(
            f"the stored vector of response {response} has {n_bytes} bytes, those before it {expected};"
            " delete that response's embedding, and it is embedded anew"
        )


@dataclass(frozen=True)
class VectorFile:
    """The files of one set of vectors, in a folder of their own."""

    directory: Path

    def rows(self) -> Rows:
        """Return what is whole. Ids that do not rise were written by nobody here: nothing of such a file counts."""
        try:
            numbers, n_bytes = np.fromfile(self._ids, "<i8"), self._vectors.stat().st_size
        except FileNotFoundError:
            return NO_ROWS
        size = int(numbers[0]) if len(numbers) else 0
        response_N = numbers[1 : 1 + n_bytes // (2 * size)] if size > 0 else numbers[:0]
        if not len(response_N) or response_N[0] < 1 or (np.diff(response_N) < 1).any():
            return NO_ROWS
        # Copy-on-write: torch wants writable memory, and nobody's writing may reach the file.
        return Rows(response_N, np.memmap(self._vectors, "<f2", "c", shape=(len(response_N), size)))

    def extend(self, read_after: ReadAfter) -> Rows:
        """Append the rows that `read_after` the last id gives, in order of id, and return all.

        Raises UnequalVectors, with the rows before it kept.
        """
        with self._locked():
            rows = self.rows()
            last = int(rows.response_N[-1]) if len(rows.response_N) else 0
            for block in _blocks(read_after(last)):
                self._append(block)
            return self.rows()

    def shorten(self, n: int) -> None:
        """Keep the first n rows, in new files: whoever has mapped the old ones goes on reading them."""
        with self._locked():
            size = self.rows().embedding_ND.shape[1]
            for path, n_bytes in ((self._vectors, 2 * size * n), (self._ids, ID_BYTES * (n + 1))):
                shorter = path.with_suffix(".new")
                with path.open("rb") as old, shorter.open("wb") as new:
                    _copy(old, new, n_bytes)
                shorter.replace(path)

    def delete(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)

    def _append(self, block: list[Row]) -> None:
        rows, size = self.rows(), len(block[0][1]) // 2
        n = len(rows.response_N)
        expected = rows.embedding_ND.shape[1] if n else size
        for response, vector in block:
            if len(vector) != 2 * expected:
                raise UnequalVectors(response, len(vector), 2 * expected)
        _write_at(self._vectors, 2 * expected * n, b"".join(vector for _, vector in block))
        ids = ([] if n else [expected]) + [response for response, _ in block]
        _write_at(self._ids, ID_BYTES * (n + 1) if n else 0, np.array(ids, "<i8").tobytes())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the folder's lock; where the folder was deleted meanwhile, that of the folder that replaced it."""
        while True:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self.directory / "lock"
            with path.open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if path.exists() and path.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                    yield
                    return

    @property
    def _ids(self) -> Path:
        return self.directory / "ids"

    @property
    def _vectors(self) -> Path:
        return self.directory / "vectors"


def _blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while first := next(iterator, None):
        n = max(BLOCK_BYTES // max(len(first[1]), 1), 1)
        yield [first, *islice(iterator, n - 1)]


def _write_at(path: Path, place: int, content: bytes) -> None:
    """Write at a place, let nothing be behind it, and return when it is on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.seek(place)
        file.write(content)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _copy(old: BinaryIO, new: BinaryIO, n_bytes: int) -> None:
    while n_bytes > 0 and (part := old.read(min(n_bytes, BLOCK_BYTES))):
        new.write(part)
        n_bytes -= len(part)
    new.flush()
    os.fsync(new.fileno())
