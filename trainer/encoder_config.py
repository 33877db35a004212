"""The settings of an encoder, and the key that names the embeddings which come of them."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

import torch

from trainer.texts import Truncation
from trainer.weights import checked_digest, model_directory

TEXT_FORM = 1  # raised whenever the words or the cut of a text change, so that old embeddings are not mixed in
TEXTS = ("pair", "response")
Pooling = Literal["mean", "cls", "last"]
Dtype = Literal["auto", "bfloat16", "float32"]


@dataclass(frozen=True)
class EncoderConfig:
    """Which transformer, which of its layers, and which texts; `key` names the embeddings that come of it.

    model: a local directory, or "" for the packaged all-MiniLM-L6-v2. layers: indices into the hidden states (0 is the
    token embedding, -1 the last layer), or () for all of them. texts: "pair" is prompt + response, "response" the
    response alone. max_tokens: of a text, special tokens included, cut at the `truncation` end; prompt_tokens: of it,
    for the end of the prompt. chat_template: pairs are written by the tokenizer's own. dtype: "auto" is bf16 where
    the processor computes in it.
    """

    model: str = ""
    layers: tuple[int, ...] = ()
    texts: tuple[str, ...] = TEXTS
    pooling: Pooling = "mean"
    max_tokens: int = 512
    prompt_tokens: int = 160
    truncation: Truncation = "right"
    chat_template: bool = False
    dtype: Dtype = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "texts", tuple(self.texts))
        if not self.texts or not set(self.texts) <= set(TEXTS):
            raise ValueError(f"texts must be some of {TEXTS}, not {self.texts}")
        for name, choices in {"pooling": Pooling, "truncation": Truncation, "dtype": Dtype}.items():
            if getattr(self, name) not in get_args(choices):
                raise ValueError(f"Unknown {name}: {getattr(self, name)!r} is none of {get_args(choices)}")
        if self.max_tokens < 1 or self.prompt_tokens < 0:
            raise ValueError("max_tokens must be at least 1, and prompt_tokens at least 0")

    @property
    def key(self) -> str:
        """A short name that covers every setting and file; embeddings of different keys never mix.

        "auto" counts as the dtype that this machine would compute in.
        """
        settings = {**asdict(self.settled(best_device())), "model": checked_digest(self.model), "text_form": TEXT_FORM}
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        return f"{model_directory(self.model).name[:40] if self.model else 'minilm-l6'}-{digest[:16]}"

    def settled(self, device: torch.device) -> "EncoderConfig":
        """Return the same settings with the dtype that "auto" means on `device`."""
        auto: Dtype = "bfloat16" if has_bfloat16(device) else "float32"
        return replace(self, dtype=auto) if self.dtype == "auto" else self


def best_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bfloat16(device: torch.device) -> bool:
    """Say whether the processor computes in bf16 itself; where it is emulated it is slower than fp32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
