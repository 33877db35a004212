"""Store vectors. A vector is written once per response and encoder key; writing it again changes nothing."""

from collections.abc import Iterable

from annotate.models import Embedding


def store_embeddings(*, encoder_key: str, vectors: Iterable[tuple[int, bytes]]) -> None:
    """Store (response id, fp16 little-endian bytes); rows that are there already stay as they are."""
    Embedding.objects.bulk_create(
        (Embedding(response_id=response, encoder_key=encoder_key, vector=vector) for response, vector in vectors),
        ignore_conflicts=True,
        batch_size=200,
    )
