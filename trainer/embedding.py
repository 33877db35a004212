"""The embed run: responses without a vector in, vectors stored, a chunk at a time."""

from functools import cache

from annotate.models import Project, Run
from annotate.selectors.training_rows import unembedded
from annotate.services.embeddings import store_embeddings
from annotate.services.training import finish_run, give_way, report_progress
from trainer.encoder import Encoder, EncoderConfig, load_encoder

CHUNK = 256  # responses encoded, stored and reported at a time


def warm_up() -> None:
    """Load the encoder, so that the first run of a process is as quick as the others."""
    _encoder()


def encoder_key(project: Project) -> str:
    """Return the key of the embeddings that the project's head stands on."""
    return _encoder().config.key


def embed(run: Run) -> None:
    """Encode in chunks of alike length, each stored as it comes: a run that stops is taken up where it stopped.

    It stops of its own accord where other runs wait, so that one project's import does not hold up the others.
    """
    key = encoder_key(run.project)
    missing = list(unembedded(run.project, key).values_list("pk", "prompt__messages", "text"))
    missing.sort(key=lambda row: (len(row[2]), row[0]))
    for done in range(0, len(missing), CHUNK):
        report_progress(run, done=done, total=len(missing))
        if done and give_way(run):
            return
        chunk = missing[done : done + CHUNK]
        texts = [([(m["role"], m["content"]) for m in messages], text) for _, messages, text in chunk]
        embedding_ND = _encoder().encode(texts).astype("<f2")
        store_embeddings(
            encoder_key=key,
            vectors=((row[0], vector.tobytes()) for row, vector in zip(chunk, embedding_ND, strict=True)),
        )
    finish_run(run, covers=run.watermark)


@cache
def _encoder() -> Encoder:
    return load_encoder(EncoderConfig())
