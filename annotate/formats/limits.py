"""How much an imported file may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes are counted in UTF-8; `gzip_ratio` applies once `gzip_free_bytes` have been decoded."""

    file_bytes: int = 200 * 1024**2
    decoded_bytes: int = 2 * 1024**3
    line_bytes: int = 1024**2
    text_bytes: int = 64 * 1024
    rows: int = 1_000_000
    depth: int = 20
    keys: int = 200
    messages: int = 200
    responses: int = 32
    labels: int = 1000
    tags: int = 50
    id_chars: int = 200
    name_chars: int = 150
    gzip_ratio: int = 200
    gzip_free_bytes: int = 16 * 1024**2
