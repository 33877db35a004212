"""Files that are not the text they should be: encodings, types, sizes, broken lines."""

import gzip
import pickle
import zipfile
from io import BytesIO

import pytest

from annotate.formats.limits import Limits
from tests.annotate.formats.files import errors, found, jsonl, pair, prompts

GOOD = jsonl(pair())


def zipped() -> bytes:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("rows.jsonl", GOOD)
    return archive.getvalue()


WITHOUT_ROWS = {
    "nothing": b"",
    "newlines": b"\n\n",
    "blanks": b" \t\r\n \n",
    "a mark": b"\xef\xbb\xbf",
    "a mark and a newline": b"\xef\xbb\xbf\n",
    "an empty archive": gzip.compress(b""),
    "an archive of a newline": gzip.compress(b"\n"),
}
OF_ANOTHER_TYPE = {
    "zip": zipped(),
    "pickle": pickle.dumps({"prompt": "x"}, protocol=4),
    "parquet": b"PAR1\x15\x04",
    "html": b"<!DOCTYPE html><html>",
    "html after a mark": b"\xef\xbb\xbf\n  <html>",
    "pdf": b"%PDF-1.7",
    "bzip2": b"BZh91AY",
    "zstd": b"\x28\xb5\x2f\xfd....",
    "sqlite": b"SQLite format 3\x00",
    "png": b"\x89PNG\r\n",
    "zip in gzip": gzip.compress(zipped()),
    "gzip in gzip": gzip.compress(gzip.compress(GOOD)),
    "html in gzip": gzip.compress(b"<html></html>"),
}


@pytest.mark.parametrize("data", WITHOUT_ROWS.values(), ids=WITHOUT_ROWS)
def test_a_file_without_rows_is_refused(data: bytes) -> None:
    assert found(data) == [(0, "", "E_EMPTY")]


@pytest.mark.parametrize("data", OF_ANOTHER_TYPE.values(), ids=OF_ANOTHER_TYPE)
def test_a_file_of_another_type_is_refused_by_its_first_bytes(data: bytes) -> None:
    assert found(data) == [(0, "", "E_TYPE")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_refused_with_the_offset(encoding: str) -> None:
    told = errors(GOOD.decode().encode(encoding))

    assert [(error.line, error.code) for error in told] == [(0, "E_ENCODING")]
    assert "at byte" in told[0].message


def test_a_byte_order_mark_is_stripped() -> None:
    assert prompts(b"\xef\xbb\xbf" + GOOD) == prompts(GOOD)


def test_a_line_that_is_no_utf8_is_refused_with_its_offset_in_the_file() -> None:
    bad = b'{"prompt": "caf\xe9"}\n'

    told = errors(GOOD + bad + GOOD)

    assert (told[0].line, told[0].code) == (2, "E_ENCODING")
    assert f"Byte {len(GOOD) + 15} " in told[0].message


def test_the_offset_counts_the_byte_order_mark() -> None:
    told = errors(b'\xef\xbb\xbf{"prompt": "caf\xe9"}\n')

    assert "Byte 18 " in told[0].message


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\r"])
def test_only_a_newline_byte_ends_a_line(separator: str) -> None:
    data = jsonl(pair(response_a=f"one{separator}two"))

    lines = {line for line, _, _ in found(data)} | {row.line for row in prompts(data)}

    assert lines == {1}


def test_unicode_line_separators_stay_in_the_text() -> None:
    text = "one\u2028two\u2029three\u0085four"

    assert prompts(jsonl(pair(response_a=text)))[0].responses[0].text == text


def test_carriage_returns_and_blank_lines_between_rows_are_harmless() -> None:
    data = GOOD.replace(b"\n", b"\r\n") + b"\r\n  \n" + jsonl(pair(prompt="Another?"))

    assert [row.line for row in prompts(data)] == [1, 4]


def test_a_line_over_the_limit_is_an_error_and_the_next_one_is_read() -> None:
    data = jsonl(pair(response_a="x" * 10_000_000), pair())

    assert found(data) == [(1, "", "E_LINE_TOO_LONG")]
    assert [row.line for row in prompts(data)] == [2]


def test_a_line_at_the_limit_is_read() -> None:
    limit = len(GOOD) - 1

    assert found(GOOD, Limits(line_bytes=limit)) == []
    assert found(GOOD, Limits(line_bytes=limit - 1)) == [(1, "", "E_LINE_TOO_LONG")]


def test_a_last_line_that_was_cut_off_is_an_error() -> None:
    assert found(GOOD + GOOD[: len(GOOD) // 2]) == [(2, "", "E_TRUNCATED")]


def test_a_last_line_without_its_newline_is_read() -> None:
    assert len(prompts(GOOD.rstrip(b"\n"))) == 1


def test_more_rows_than_the_limit_end_the_reading() -> None:
    data = jsonl(*[pair(prompt=f"{n}?") for n in range(5)])

    assert found(data, Limits(rows=3)) == [(4, "", "E_TOO_MANY_ROWS")]
    assert len(prompts(data, Limits(rows=3))) == 3


def test_a_file_over_the_limit_ends_the_reading() -> None:
    data = jsonl(*[pair(prompt=f"{n}?", response_a="x" * 1000) for n in range(300)])

    assert found(data, Limits(file_bytes=100_000)) == [(0, "", "E_FILE_TOO_LARGE")]
