"""Files of vectors: what is in them after an interruption, with two writers, and when somebody deletes them."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.servers import wait_until
from tests.source import ROOT
from trainer import vector_file
from trainer.vector_file import Row, UnequalVectors, VectorFile

SIZE = 3

# Appends rows until it is killed or there is no other; prints a line per block.
WRITER = """
import sys
from pathlib import Path
from tests.trainer.test_vector_file import after
from trainer import vector_file

vector_file.BLOCK_BYTES = 60

def slowly(last):
    for row in after(last, int(sys.argv[2])):
        print(row[0], flush=True)
        yield row

vector_file.VectorFile(Path(sys.argv[1])).extend(slowly)
"""


def vector(response: int) -> np.ndarray:
    return np.array([response, response / 2, -response], "<f2")


def after(last: int, n: int = 40) -> Iterator[Row]:
    """Yield the rows above `last` of a table whose ids are the even numbers to 2 n."""
    return ((response, vector(response).tobytes()) for response in range(2, 2 * n + 1, 2) if response > last)


def assert_holds(file: VectorFile, n: int) -> None:
    rows = file.rows()
    assert rows.response_N.tolist() == list(range(2, 2 * n + 1, 2))
    assert (rows.embedding_ND == np.array([vector(response) for response in rows.response_N])).all()


def start_writer(directory: Path, n: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(directory), str(n)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)


@pytest.fixture
def file(tmp_path: Path) -> VectorFile:
    return VectorFile(tmp_path / "vectors of one")


def test_rows_are_appended_and_mapped(file: VectorFile) -> None:
    first = file.extend(lambda last: after(last, 10))
    both = file.extend(lambda last: after(last, 25))

    assert len(first.response_N) == 10
    assert isinstance(both.embedding_ND, np.memmap)
    assert_holds(file, 25)


def test_it_asks_only_for_what_it_lacks(file: VectorFile) -> None:
    asked: list[int] = []

    for n in (10, 25):
        file.extend(lambda last, n=n: asked.append(last) or after(last, n))

    assert asked == [0, 20]


def test_nothing_there_is_no_rows(file: VectorFile) -> None:
    assert len(file.rows().response_N) == 0
    assert len(file.extend(lambda last: iter(())).response_N) == 0


def test_rows_can_be_written_to_by_torch_and_the_file_stays_as_it_is(file: VectorFile) -> None:
    rows = file.extend(after)

    torch.from_numpy(rows.embedding_ND).zero_()

    assert_holds(file, 40)


@pytest.mark.parametrize("n_bytes", range(0, 42, 5))
def test_vectors_cut_short_are_as_if_they_had_not_been_written(file: VectorFile, n_bytes: int) -> None:
    file.extend(lambda last: after(last, 7))
    os.truncate(file.directory / "vectors", n_bytes)

    assert_holds(file, n_bytes // (2 * SIZE))
    file.extend(after)
    assert_holds(file, 40)


@pytest.mark.parametrize("n_bytes", range(0, 64, 7))
def test_ids_cut_short_are_as_if_they_had_not_been_written(file: VectorFile, n_bytes: int) -> None:
    file.extend(lambda last: after(last, 7))
    os.truncate(file.directory / "ids", n_bytes)

    assert_holds(file, max(n_bytes // 8 - 1, 0))
    file.extend(after)
    assert_holds(file, 40)


def test_ids_that_do_not_rise_are_nobodys(file: VectorFile) -> None:
    file.extend(lambda last: after(last, 7))
    np.array([SIZE, 2, 4, 4, 6, 8, 10, 12], "<i8").tofile(file.directory / "ids")

    assert len(file.rows().response_N) == 0
    file.extend(after)
    assert_holds(file, 40)


def test_a_vector_of_another_length_is_refused_and_what_came_before_is_kept(
    file: VectorFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_file, "BLOCK_BYTES", 2 * SIZE)

    with pytest.raises(UnequalVectors, match="response 8 has 8 bytes, those before it 6"):
        file.extend(lambda last: iter([*after(last, 3), (8, bytes(8))]))

    assert_holds(file, 3)


def test_shortening_leaves_the_rows_that_somebody_reads(file: VectorFile) -> None:
    seen = file.extend(after)

    file.shorten(5)
    assert_holds(file, 5)
    file.extend(lambda last: ((response, vector(-response).tobytes()) for response in range(12, 40)))

    assert (seen.embedding_ND == np.array([vector(response) for response in range(2, 81, 2)])).all()


def test_the_folder_may_be_deleted_while_it_is_read(file: VectorFile) -> None:
    seen = file.extend(after)

    file.delete()

    assert len(file.rows().response_N) == 0
    assert (seen.embedding_ND[-1] == vector(80)).all()
    file.extend(after)
    assert_holds(file, 40)


def test_a_writer_that_is_killed_leaves_whole_rows(file: VectorFile) -> None:
    writer = start_writer(file.directory, n=20_000)
    assert writer.stdout is not None
    for _, line in zip(range(200), writer.stdout, strict=False):
        assert line
    writer.kill()
    writer.wait()

    n = len(file.rows().response_N)
    assert 100 < n < 20_000
    assert_holds(file, n)
    file.extend(lambda last: after(last, n + 50))
    assert_holds(file, n + 50)


def test_two_writers_append_each_row_once(file: VectorFile) -> None:
    writers = [start_writer(file.directory, n=600) for _ in range(2)]
    written = [writer.communicate(timeout=120)[0].split() for writer in writers]

    assert [writer.returncode for writer in writers] == [0, 0]
    assert_holds(file, 600)
    assert len(written[0]) + len(written[1]) == 600


def test_a_writer_that_waited_goes_on_in_the_folder_that_replaced_a_deleted_one(file: VectorFile) -> None:
    file.extend(lambda last: after(last, 7))
    with (file.directory / "lock").open("ab") as lock, ThreadPoolExecutor(1) as waiting:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = waiting.submit(file.extend, after)
        wait_until(lambda: done.running(), what="the second writer")
        file.delete()
        fcntl.flock(lock, fcntl.LOCK_UN)
        done.result(timeout=60)

    assert_holds(file, 40)
