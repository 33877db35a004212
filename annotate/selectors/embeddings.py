"""Which responses have no vector under an encoder key yet, and which have one that another may share."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from annotate.models import Embedding, Project, Response

Twin = tuple[int, str]


@dataclass(frozen=True)
class Text:
    """A response as an encoder reads it: after the messages (role, content) of its prompt."""

    response: int
    prompt: int
    messages: tuple[tuple[str, str], ...]
    text: str
    text_hash: str

    @property
    def twin(self) -> Twin:
        """Name what it shares with the same text from another source."""
        return self.prompt, self.text_hash


def missing_texts(project: Project, encoder_key: str, *, after: int, most: int) -> list[Text]:
    """Return the first responses above the id `after` that have no vector under this key."""
    rows = _missing(project, encoder_key).filter(pk__gt=after).order_by("pk")
    columns = rows.values_list("pk", "prompt_id", "prompt__messages", "text", "text_hash")[:most]
    return [
        Text(pk, prompt, tuple((message["role"], message["content"]) for message in messages), text, text_hash)
        for pk, prompt, messages, text, text_hash in columns
    ]


def n_missing(project: Project, encoder_key: str) -> int:
    return _missing(project, encoder_key).count()


def twin_vectors(encoder_key: str, texts: Sequence[Text]) -> dict[Twin, bytes]:
    """Return the vectors of responses that have the same prompt and the same text as one of these."""
    prompts, hashes = {text.prompt for text in texts}, {text.text_hash for text in texts}
    alike = Embedding.objects.filter(
        encoder_key=encoder_key, response__prompt_id__in=prompts, response__text_hash__in=hashes
    )
    rows = alike.values_list("response__prompt_id", "response__text_hash", "vector")
    return {(prompt, text_hash): bytes(vector) for prompt, text_hash, vector in rows}


def _missing(project: Project, encoder_key: str) -> QuerySet[Response]:
    own = Embedding.objects.filter(response=OuterRef("pk"), encoder_key=encoder_key)
    return Response.objects.filter(~Exists(own), project=project)
