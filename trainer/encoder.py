"""Frozen transformer embeddings of responses: pooled hidden layers of one or two texts, side by side."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import AutoModel, PreTrainedModel
from transformers.utils.logging import disable_progress_bar

from trainer.texts import Messages, TextForm, load_text_form, prompt_text
from trainer.weights import checked_sha256, model_directory

TEXT_FORM = 1  # raised whenever the words or the cut of a text change, so that old embeddings are not mixed in
TOKEN_BUDGET = 4096  # padded tokens in a batch; larger batches fall out of the cache of a CPU
MAX_WORKERS = 8  # more threads would wait for the interpreter's lock
TEXTS = ("pair", "response")
POOLINGS = ("mean", "cls", "last")
DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}

Float16Array = npt.NDArray[np.float16]
Rows = Sequence[tuple[int, ...]]


@dataclass(frozen=True)
class EncoderConfig:
    """Which transformer, which of its layers, and which texts; `key` names the embeddings that come of it.

    model: a local directory, or "" for the packaged all-MiniLM-L6-v2. layers: indices into the hidden states
    (0 is the token embedding), or () for all of them. dtype: "auto" is bf16 where the processor has it.
    """

    model: str = ""
    layers: tuple[int, ...] = ()
    texts: tuple[str, ...] = TEXTS
    pooling: Literal["mean", "cls", "last"] = "mean"
    max_tokens: int = 512
    prompt_tokens: int = 160
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "texts", tuple(self.texts))
        if not self.texts or not set(self.texts) <= set(TEXTS):
            raise ValueError(f"texts must be some of {TEXTS}, not {self.texts}")
        if self.pooling not in POOLINGS or self.dtype not in ("auto", *DTYPES):
            raise ValueError(f"Unknown pooling or dtype: {self.pooling}, {self.dtype}")

    @property
    def key(self) -> str:
        """A short name that covers every setting and the weights; embeddings of different keys never mix."""
        settings = {**asdict(self), "model": checked_sha256(self.model), "text_form": TEXT_FORM}
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        return f"{model_directory(self.model).name if self.model else 'minilm-l6'}-{digest[:16]}"


@dataclass
class Encoder:
    """A loaded transformer; `encode` is its only verb."""

    config: EncoderConfig
    form: TextForm
    model: PreTrainedModel
    device: torch.device
    token_budget: int = TOKEN_BUDGET

    def encode(self, texts: Sequence[tuple[Messages, str]]) -> Float16Array:
        """Return embedding_ND as fp16, one row per (prompt messages, response text).

        Identical texts are encoded once and share their row to the bit; the order of the input does not matter.
        """
        rows_by_text = [self._token_rows(name, texts) for name in self.config.texts]
        distinct = sorted({row for rows in rows_by_text for row in rows}, key=lambda row: (len(row), row))
        place = {row: i for i, row in enumerate(distinct)}
        pooled_UD = self._pool_in_batches(distinct)
        parts = [pooled_UD[[place[row] for row in rows]] for rows in rows_by_text]
        return np.concatenate(parts, axis=1)

    @property
    def size(self) -> int:
        """The length D of an embedding."""
        n_layers = len(self.config.layers) or int(self.model.config.num_hidden_layers) + 1
        return n_layers * int(self.model.config.hidden_size) * len(self.config.texts)

    def _token_rows(self, name: str, texts: Sequence[tuple[Messages, str]]) -> Rows:
        responses = [response for _, response in texts]
        if name == "response":
            return self.form.response(responses)
        return self.form.pair([prompt_text(messages) for messages, _ in texts], responses)

    def _pool_in_batches(self, rows: Rows) -> Float16Array:
        batches = list(_batches(rows, self.token_budget))
        if self.device.type == "cpu":
            with _workers() as workers:
                pooled = list(workers.map(self._pool_or_split, batches[::-1]))[::-1]
        else:
            pooled = [self._pool_or_split(batch) for batch in batches]
        return np.concatenate(pooled) if pooled else np.empty((0, self._size_of_one_text()), np.float16)

    def _pool_or_split(self, rows: Rows) -> Float16Array:
        """Pool a batch, in halves where the device has no room for it."""
        try:
            return self._pool(rows)
        except torch.OutOfMemoryError:
            if len(rows) == 1:
                raise
        torch.cuda.empty_cache()
        middle = len(rows) // 2
        return np.concatenate([self._pool_or_split(rows[:middle]), self._pool_or_split(rows[middle:])])

    def _size_of_one_text(self) -> int:
        return self.size // len(self.config.texts)

    @torch.inference_mode()
    def _pool(self, rows: Rows) -> Float16Array:
        ids_UT, mask_UT = (part.to(self.device) for part in _padded(rows, self.form.padding_id))
        attention = None if bool(mask_UT.all()) else mask_UT
        hidden = self.model(input_ids=ids_UT, attention_mask=attention, output_hidden_states=True).hidden_states
        layers = self.config.layers or range(len(hidden))
        pooled = [_pooled(hidden[layer], mask_UT, self.config.pooling) for layer in layers]
        embedding: Float16Array = torch.cat(pooled, dim=1).half().cpu().numpy()
        return embedding


def load_encoder(config: EncoderConfig, device: str | torch.device | None = None) -> Encoder:
    """Load the transformer of `config` on `device` (CUDA when there is one), its weights checked first."""
    checked_sha256(config.model)
    directory = model_directory(config.model)
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    dtype = DTYPES.get(config.dtype) or (torch.bfloat16 if has_bfloat16(chosen) else torch.float32)
    disable_progress_bar()  # a worker's log is no terminal
    model = AutoModel.from_pretrained(directory, local_files_only=True, dtype=dtype).to(chosen).eval()
    longest = min(config.max_tokens, int(getattr(model.config, "max_position_embeddings", config.max_tokens)))
    form = load_text_form(directory, max_tokens=longest, prompt_tokens=config.prompt_tokens)
    return Encoder(config, form, model, chosen)


def has_bfloat16(device: torch.device) -> bool:
    """Say whether the processor computes in bf16 itself; where it is emulated it is slower than fp32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def _batches(rows: Rows, budget: int) -> Iterator[Rows]:
    """Cut rows, sorted by length, into batches of as many as fit under `budget` padded tokens, at least one."""
    start = 0
    while start < len(rows):
        end = start + 1
        while end < len(rows) and (end + 1 - start) * len(rows[end]) <= budget:
            end += 1
        yield rows[start:end]
        start = end


@contextmanager
def _workers() -> Iterator[ThreadPoolExecutor]:
    """Lend threads that each run whole batches, alone.

    Several threads in one small operation wait for each other at its end, and for whatever else the machine does:
    on 2 busy cores whole batches were 1.5 times faster, and several times under load (docs/model.md).
    """
    n_threads = torch.get_num_threads()
    n_workers = min(n_threads, MAX_WORKERS)
    with ThreadPoolExecutor(n_workers, initializer=torch.set_num_threads, initargs=(n_threads // n_workers,)) as pool:
        try:
            yield pool
        finally:
            torch.set_num_threads(n_threads)


def _padded(rows: Rows, padding_id: int) -> tuple[Tensor, Tensor]:
    longest = max(map(len, rows))
    ids_UT = torch.tensor([(*row, *[padding_id] * (longest - len(row))) for row in rows])
    length_U = torch.tensor([len(row) for row in rows])
    return ids_UT, torch.arange(longest) < length_U[:, None]


def _pooled(hidden_UTD: Tensor, mask_UT: Tensor, pooling: str) -> Tensor:
    if pooling == "cls":
        return hidden_UTD[:, 0]
    length_U = mask_UT.sum(1)
    if pooling == "last":
        return hidden_UTD[torch.arange(len(hidden_UTD), device=hidden_UTD.device), length_U - 1]
    total_UD = (hidden_UTD * mask_UT[:, :, None]).sum(1, dtype=torch.float32)
    return total_UD / length_U[:, None]
