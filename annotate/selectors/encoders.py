"""Which encoders a project may choose among, and how far its change to another one is."""

import re
from dataclasses import dataclass

from django.conf import settings

from annotate.models import Project, Run

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class EncoderChange:
    """The encoder that is to replace the present one ("" is the packaged one), and the run that embeds anew for it."""

    model: str
    run: Run | None


def available_encoders() -> list[str]:
    """Return the names of the folders in ENCODERS_DIR. Nothing outside it can be chosen, and nothing in it is read."""
    if not settings.ENCODERS_DIR.is_dir():
        return []
    return sorted(path.name for path in settings.ENCODERS_DIR.iterdir() if NAME.fullmatch(path.name) and path.is_dir())


def encoder_change(project: Project) -> EncoderChange | None:
    """Return the change under way, or None where there is none."""
    if project.next_encoder is None:
        return None
    run = Run.objects.filter(project=project, kind=Run.Kind.REEMBED).order_by("-id").first()
    return EncoderChange(project.next_encoder.get("model", ""), run)
