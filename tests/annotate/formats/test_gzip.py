"""Compressed files: recognised by their bytes, read member by member, and never let loose."""

import gzip
import tracemalloc
import zlib
from io import BytesIO

import pytest

from annotate.formats.jsonl import read_rows
from annotate.formats.limits import Limits
from tests.annotate.formats.files import found, jsonl, pair, prompts

ROWS = jsonl(*[pair(prompt=f"{n}?") for n in range(50)])
PACKED = gzip.compress(ROWS)
DAMAGED = {
    "without its last bytes": PACKED[:-9],
    "without most of it": PACKED[:40],
    "within its header": PACKED[:3],
    "wrong length": PACKED[:-4] + b"\x01\x02\x03\x04",
    "wrong checksum": PACKED[:-8] + b"\xff" * 8,
    "with something after it": PACKED + b"trailing garbage",
    "of nothing but a magic number": b"\x1f\x8b" + b"\x00" * 40,
}


def test_gzip_is_recognised_by_its_bytes() -> None:
    assert prompts(PACKED) == prompts(ROWS)


def test_members_are_read_one_after_the_other_and_may_split_a_line() -> None:
    data = b"".join(gzip.compress(ROWS[start : start + 33]) for start in range(0, len(ROWS), 33))

    assert prompts(data) == prompts(ROWS)


def test_zero_padding_after_the_last_member_is_ignored() -> None:
    assert prompts(PACKED + b"\x00" * 512) == prompts(ROWS)


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_archive_ends_with_an_error(data: bytes) -> None:
    assert found(data)[-1] == (0, "", "E_GZIP")


def test_a_bomb_is_stopped_by_its_ratio() -> None:
    data = gzip.compress(b" " * 40_000_000)

    assert found(data) == [(0, "", "E_GZIP_RATIO")]


def test_a_text_that_compresses_well_is_no_bomb() -> None:
    rows = jsonl(*[pair(prompt=f"{n}?", response_a="again and again " * 50) for n in range(200)])

    assert found(gzip.compress(rows)) == []


def test_the_decoded_size_is_limited() -> None:
    assert found(PACKED, Limits(decoded_bytes=1000)) == [(0, "", "E_DECODED_TOO_LARGE")]


def test_reading_a_bomb_takes_little_memory() -> None:
    packer = zlib.compressobj(wbits=31)
    data = b"".join(packer.compress(b" " * 1_000_000) for _ in range(300)) + packer.flush()
    limits = Limits(gzip_ratio=10_000)

    tracemalloc.start()
    outcome = list(read_rows(BytesIO(data), limits))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [row.code for row in outcome if hasattr(row, "code")] == ["E_LINE_TOO_LONG"]
    assert peak < 8_000_000
