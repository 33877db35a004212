"""The runs that embed: responses without a vector in, vectors stored, a chunk at a time."""

from collections.abc import Iterator
from dataclasses import asdict
from threading import Event
from time import perf_counter
from typing import Any

import torch
from django.conf import settings as site

from annotate.models import Project, Run
from annotate.selectors.embeddings import Text, missing_texts, n_missing, twin_vectors
from annotate.selectors.encoders import NAME
from annotate.services.embeddings import store_embeddings
from annotate.services.encoders import adopt_first_encoder, remove_old_embeddings, renew_encoder, switch_encoder
from annotate.services.training import finish_run, give_way, put_back, report_progress
from trainer.encoder import Encoder, Stopped, load_encoder
from trainer.encoder_config import EncoderConfig
from trainer.weights import EncoderError

CHUNK = 1024  # responses encoded, stored and reported at a time, at most
FIRST_CHUNK = 16  # a large model on a CPU takes minutes for it
SECONDS_PER_CHUNK = 2.0  # what a verdict may have to wait for, and what a trainer that is killed loses
WINDOW = 4096  # responses sorted by length at a time
MOST_ENCODERS = 2  # kept loaded: the one in use and the next

_encoders: dict[str, Encoder] = {}  # by key, the one used last at the end
_stopping = Event()


def warm_up() -> None:
    """Load the default encoder, so that the first run of a process is as quick as the others."""
    _encoder({})


def stop_soon() -> None:
    """Put the embed run of this process back after the batch that it is at; more than a chunk is never lost."""
    _stopping.set()


def encoder_key(project: Project) -> str:
    """Return the key of the embeddings that the project's head stands on; empty before the first."""
    return Project.objects.values_list("encoder_key", flat=True).get(pk=project.pk)


def embed(run: Run) -> None:
    """Give every response a vector of the encoder in use. Raises EncoderError where that is not what it was.

    Each chunk is stored as it comes: a run that stops is taken up where it stopped. It stops of its own accord where
    other runs wait, so that one project's import does not hold up the others.
    """
    project, encoder = run.project, _encoder(run.project.encoder)
    if not project.encoder_key:
        settled = _settled(project.encoder, encoder)
        if not adopt_first_encoder(project=project, settings=settled, key=encoder.config.key):
            return finish_run(run, covers="")
    elif project.encoder_key != encoder.config.key:
        renew_encoder(project)
        name = project.encoder.get("model") or "the packaged encoder"
        raise EncoderError(
            f"The files of {name} have changed: every text is embedded anew, and new ones wait for that."
        )
    if _embed_missing(run, encoder):
        finish_run(run, covers=run.watermark)
    return None


def reembed(run: Run) -> None:
    """Give every response a vector of the next encoder, then make that the one in use; until then nothing changes."""
    project = run.project
    if project.next_encoder is None:
        return finish_run(run, covers="")
    encoder = _encoder(project.next_encoder)
    remove_old_embeddings(project, next_key=encoder.config.key)
    settled = _settled(project.next_encoder, encoder)
    while _embed_missing(run, encoder):
        if switch_encoder(run, settings=settled, key=encoder.config.key):
            return None
    return None


def _embed_missing(run: Run, encoder: Encoder) -> bool:
    """Return True once no response is without a vector, False where the run was put back or is wanted no more."""
    key = encoder.config.key
    total, done = n_missing(run.project, key), 0
    before = run.project.responses.count() - total
    for chunk in _chunks(run.project, key):
        report_progress(run, done=done, total=total, before=before)
        if done and (_given_up(run) or give_way(run)):
            return False
        try:
            store_embeddings(encoder_key=key, vectors=_vectors(encoder, chunk))
        except Stopped:
            put_back(run)
            return False
        done += len(chunk)
    return True


def _given_up(run: Run) -> bool:
    """Say whether nobody waits for the run any more, and finish it then: archived, or the encoder chosen away."""
    project = Project.objects.only("archived_at", "next_encoder").get(pk=run.project_id)
    chosen_away = run.kind == Run.Kind.REEMBED and project.next_encoder != run.project.next_encoder
    if project.archived_at or chosen_away:
        finish_run(run, covers="")
        return True
    return False


def _chunks(project: Project, key: str) -> Iterator[list[Text]]:
    """Yield the texts that are missing, those of alike length together, in chunks of about SECONDS_PER_CHUNK."""
    size, after = min(FIRST_CHUNK, CHUNK), 0
    while window := missing_texts(project, key, after=after, most=WINDOW):
        after = window[-1].response
        window.sort(key=lambda text: (len(text.text), text.text_hash, text.response))
        while window:
            chunk, window = window[:size], window[size:]
            started = perf_counter()
            yield chunk
            fitting = len(chunk) * SECONDS_PER_CHUNK / (perf_counter() - started)
            size = max(1, min(int(fitting), 2 * size, CHUNK))


def _vectors(encoder: Encoder, chunk: list[Text]) -> list[tuple[int, bytes]]:
    """Return (response id, vector) of each; what another response of the prompt says word for word is encoded once."""
    vector_of = twin_vectors(encoder.config.key, chunk)
    new = list({text.twin: text for text in chunk if text.twin not in vector_of}.values())
    embedding_ND = encoder.encode([(text.messages, text.text) for text in new], _stopping.is_set).astype("<f2")
    vector_of |= {text.twin: vector.tobytes() for text, vector in zip(new, embedding_ND, strict=True)}
    return [(text.response, vector_of[text.twin]) for text in chunk]


def _encoder(chosen: dict[str, Any]) -> Encoder:
    """Return the encoder of a project's settings, loaded once per process; the one not used for longest makes room."""
    config = _config(chosen)
    key = config.key
    encoder = _encoders.pop(key, None) or _load(config)
    _encoders[key] = encoder
    return encoder


def _load(config: EncoderConfig) -> Encoder:
    while len(_encoders) >= MOST_ENCODERS:
        del _encoders[next(iter(_encoders))]
    try:
        return load_encoder(config)
    except torch.OutOfMemoryError:  # the others hold the room that this one needs
        _encoders.clear()
        torch.cuda.empty_cache()
        return load_encoder(config)


def _config(chosen: dict[str, Any]) -> EncoderConfig:
    name = chosen.get("model", "")
    if name and not NAME.fullmatch(name):
        raise EncoderError(f"{name!r} is no name of a folder in ENCODERS_DIR.")
    return EncoderConfig(**{**chosen, "model": str(site.ENCODERS_DIR / name) if name else ""})


def _settled(chosen: dict[str, Any], encoder: Encoder) -> dict[str, Any]:
    """Return the settings as a project keeps them: every one, "auto" replaced, and the model by its name alone."""
    return {**asdict(encoder.config), "model": chosen.get("model", "")}
