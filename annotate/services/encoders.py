"""Choose a project's encoder, make it the one in use once every response has its vector, and drop old vectors."""

from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from annotate.models import AuditEvent, Embedding, Project, Response, Run, Snapshot, User
from annotate.selectors.embeddings import n_missing
from annotate.selectors.encoders import available_encoders
from annotate.services.errors import InvalidInput
from annotate.services.training import finish_run

TEXTS = {"pair": "Prompt and response", "response": "The response alone"}
POOLINGS = {"mean": "Mean of all tokens", "cls": "First token (CLS)", "last": "Last token"}
TRUNCATIONS = {"right": "The end of a long text", "left": "The beginning of a long text"}
DTYPES = {"auto": "bf16 where it is native, else fp32", "bfloat16": "bf16", "float32": "fp32"}
MOST_TOKENS = 32_768
MOST_LAYERS = 1000
ROWS_AT_A_TIME = 2000  # vectors deleted in one transaction, so that nobody waits long for the lock


@dataclass(frozen=True)
class EncoderSettings:
    """What an encoder reads and how; trainer/encoder_config.py says what each means.

    model: the name of a folder in ENCODERS_DIR, or "" for the packaged encoder.
    """

    model: str = ""
    layers: tuple[int, ...] = ()
    texts: tuple[str, ...] = ("pair", "response")
    pooling: str = "mean"
    max_tokens: int = 512
    prompt_tokens: int = 160
    truncation: str = "right"
    chat_template: bool = False
    dtype: str = "auto"

    def as_json(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


@transaction.atomic
def choose_encoder(*, project: Project, settings: EncoderSettings, by: User) -> None:
    """Embed the project with another encoder from now on, or give up a change that is under way.

    Where vectors are stored, the encoder in use stays it until every response has a vector of the other one.
    Raises InvalidInput.
    """
    _check(settings)
    wanted = settings.as_json()
    project = Project.objects.select_for_update().get(pk=project.pk)
    if wanted == EncoderSettings(**project.encoder).as_json():
        project.next_encoder = None
    elif project.encoder_key:
        project.next_encoder = wanted
    else:
        project.encoder = wanted
    project.save(update_fields=["encoder", "next_encoder"])
    AuditEvent.objects.record(by=by, verb="chose an encoder for", target=project.slug)


@transaction.atomic
def adopt_first_encoder(*, project: Project, settings: dict[str, Any], key: str) -> bool:
    """Fix the settings and the key of the project's first vectors; False where other settings were chosen meanwhile.

    `settings` is the project's choice with "auto" replaced by what it means on the machine that embeds first.
    """
    now = Project.objects.select_for_update().get(pk=project.pk)
    if now.encoder_key or now.encoder != project.encoder:
        return False
    Project.objects.filter(pk=project.pk).update(encoder=settings, encoder_key=key)
    return True


@transaction.atomic
def switch_encoder(run: Run, *, settings: dict[str, Any], key: str) -> bool:
    """Make the next encoder the one in use, in one step, and finish the run; False where a response has no vector yet.

    Raises FenceLost if a newer claim has the run.
    """
    project = Project.objects.select_for_update().get(pk=run.project_id)
    if project.next_encoder != run.project.next_encoder:
        finish_run(run, covers="")
        return True
    if n_missing(project, key):
        return False
    Project.objects.filter(pk=project.pk).update(encoder=settings, encoder_key=key, next_encoder=None)
    Run.objects.filter(project=project, kind=Run.Kind.EMBED, state=Run.State.PARKED).update(watermark="")
    finish_run(run, covers="")  # what it did is in the project; the same change may be wanted again
    return True


def renew_encoder(project: Project) -> None:
    """Change to the encoder in use as its files are now, unless a change is under way already."""
    Project.objects.filter(pk=project.pk, next_encoder__isnull=True).update(next_encoder=project.encoder)


def remove_old_embeddings(project: Project, *, next_key: str) -> None:
    """Delete the project's vectors, but for those of its encoder in use, of the next, and of released snapshots.

    So going back by one change costs nothing, and no more sets of vectors pile up.
    """
    released = Snapshot.objects.filter(project=project, released_at__isnull=False)
    kept = {project.encoder_key, next_key, *released.values_list("encoder_key", flat=True)}
    if not Embedding.objects.filter(response__project=project).exclude(encoder_key__in=kept).exists():
        return
    responses = list(Response.objects.filter(project=project).values_list("pk", flat=True))
    for start in range(0, len(responses), ROWS_AT_A_TIME):
        some = responses[start : start + ROWS_AT_A_TIME]
        Embedding.objects.filter(response__in=some).exclude(encoder_key__in=kept).delete()


def _check(settings: EncoderSettings) -> None:
    if settings.model and settings.model not in available_encoders():
        raise InvalidInput(f"There is no encoder {settings.model!r} in the folder ENCODERS_DIR of this server.")
    if not settings.texts or not set(settings.texts) <= set(TEXTS):
        raise InvalidInput("Choose the texts that are encoded: with the prompt, alone, or both.")
    for name, choices in {"pooling": POOLINGS, "truncation": TRUNCATIONS, "dtype": DTYPES}.items():
        if getattr(settings, name) not in choices:
            raise InvalidInput(f"Unknown {name}: choose one of {', '.join(choices)}.")
    if not 8 <= settings.max_tokens <= MOST_TOKENS or not 0 <= settings.prompt_tokens <= settings.max_tokens:
        raise InvalidInput(f"A text may have 8 to {MOST_TOKENS} tokens, and no more of them may be the prompt's.")
    if any(abs(layer) > MOST_LAYERS for layer in settings.layers):
        raise InvalidInput("Layers are numbers of hidden states: 0 is the token embedding, -1 the last layer.")
