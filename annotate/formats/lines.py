"""Lines of a file, split on newline bytes alone and never longer in memory than the limit."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from annotate.formats.chunks import BYTE_ORDER_MARK


@dataclass(frozen=True, slots=True)
class Line:
    """`offset` is the file byte at which `data` begins; `data` of a line over the limit is cut, `too_long` says so."""

    number: int
    offset: int
    data: bytes
    too_long: bool
    ended: bool


def bounded_lines(chunks: Iterable[bytes], limit: int) -> Iterator[Line]:
    """Yield every line, blank ones too, without its newline; a byte order mark at the start is left out."""
    number, offset, length = 1, 0, 0
    kept = bytearray()
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            kept += piece[: limit + 1 - len(kept)]
            length += len(piece)
            yield _line(number, offset, kept, length > limit, ended=True)
            number, offset, length = number + 1, offset + length + 1, 0
            kept.clear()
        kept += rest[: limit + 1 - len(kept)]
        length += len(rest)
    if length:
        yield _line(number, offset, kept, length > limit, ended=False)


def _line(number: int, offset: int, kept: bytearray, too_long: bool, *, ended: bool) -> Line:
    data = bytes(kept)
    if number == 1 and data.startswith(BYTE_ORDER_MARK):
        data, offset = data[len(BYTE_ORDER_MARK) :], offset + len(BYTE_ORDER_MARK)
    return Line(number, offset, data, too_long, ended)
