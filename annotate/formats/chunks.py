"""From an uploaded file to plain bytes: the type by its first bytes, gzip undone, sizes kept within the limits."""

import zlib
from collections.abc import Iterator
from gzip import BadGzipFile, GzipFile
from typing import BinaryIO, cast

from annotate.formats.limits import Limits
from annotate.formats.report import FileRefused

CHUNK_BYTES = 64 * 1024
HEAD_BYTES = 64
GZIP = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_TYPES = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"PAR1", "a Parquet file"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"ARROW1", "an Arrow file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x7fELF", "a program"),
    *((b"\x80" + bytes([protocol]), "a Python pickle") for protocol in range(2, 6)),
    (GZIP, "a gzip file inside a gzip file"),
)
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


class _Upload:
    """The file as it came: counts what is read, and can be looked at before it is."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self._stream, self._limits = stream, limits
        self.n_read = 0
        self._ahead = b""

    def peek(self) -> bytes:
        while len(self._ahead) < HEAD_BYTES and (more := self._stream.read(HEAD_BYTES)):
            self._ahead += more
        return self._ahead

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        chunk = self._ahead[:size] or self._stream.read(size)
        self._ahead = self._ahead[size:]
        self.n_read += len(chunk)
        if self.n_read > self._limits.file_bytes:
            limit = f"{self._limits.file_bytes:,} bytes"
            raise FileRefused("E_FILE_TOO_LARGE", f"The file is larger than {limit}. Split it and import the parts.")
        return chunk


def plain_chunks(stream: BinaryIO, limits: Limits) -> Iterator[bytes]:
    """Yield the bytes of a JSONL file, decompressed where it is gzip; raises FileRefused."""
    upload = _Upload(stream, limits)
    packed = upload.peek().startswith(GZIP)
    chunks = _unpacked(upload, limits) if packed else iter(upload.read, b"")
    head = next(chunks, b"")
    _refuse_other_types(head[:HEAD_BYTES])
    yield head
    yield from chunks


def _unpacked(upload: _Upload, limits: Limits) -> Iterator[bytes]:
    """Decompress every member of a gzip file, as far as size and ratio allow."""
    n_decoded = 0
    # GzipFile asks of its source nothing but read().
    with GzipFile(fileobj=cast(BinaryIO, upload), mode="rb") as archive:
        while chunk := _decompressed(archive):
            n_decoded += len(chunk)
            _refuse_bomb(n_decoded, upload.n_read, limits)
            yield chunk


def _decompressed(archive: GzipFile) -> bytes:
    try:
        return archive.read(CHUNK_BYTES)
    except EOFError:
        raise FileRefused(
            "E_GZIP", "The gzip file ends in the middle; the copy was probably cut off. Upload it again."
        ) from None
    except (BadGzipFile, zlib.error) as error:
        raise FileRefused(
            "E_GZIP", f"The gzip file is damaged ({error}). Compress the JSONL again with gzip."
        ) from None


def _refuse_bomb(n_decoded: int, n_read: int, limits: Limits) -> None:
    if n_decoded > limits.decoded_bytes:
        limit = f"{limits.decoded_bytes:,} bytes"
        raise FileRefused("E_DECODED_TOO_LARGE", f"Decompressed, the file is larger than {limit}. Split it.")
    if n_decoded > limits.gzip_free_bytes and n_decoded > limits.gzip_ratio * n_read:
        raise FileRefused(
            "E_GZIP_RATIO",
            f"The file grows more than {limits.gzip_ratio} times when decompressed, as no real text does. "
            "Import it uncompressed if it is one.",
        )


def _refuse_other_types(head: bytes) -> None:
    kind = next((kind for magic, kind in _TYPES if head.startswith(magic)), None)
    if head.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"<"):
        kind = "an HTML or XML page"
    if kind is not None:
        raise FileRefused("E_TYPE", f"The file is {kind}, whatever its name says. Import JSONL, plain or as .gz.")
    if head.startswith(_WIDE_MARKS) or b"\x00" in head[:4]:
        offset = max(0, head[:4].find(b"\x00"))
        raise FileRefused(
            "E_ENCODING", f"The file is UTF-16 or UTF-32 (seen at byte {offset}). Save it as UTF-8 and import it again."
        )
