"""Frozen transformer embeddings of responses: pooled hidden layers of one or two texts, side by side."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import PreTrainedModel

from trainer.encoder_config import EncoderConfig
from trainer.texts import Messages, TextForm
from trainer.transformer import load_transformer

# Padded tokens in a batch. Larger batches fall out of the cache of a CPU; smaller ones leave a GPU idle.
TOKEN_BUDGET = {"cpu": 4096, "cuda": 32_768}
MAX_WORKERS = 8  # more threads would wait for the interpreter's lock

Float16Array = npt.NDArray[np.float16]
Rows = Sequence[tuple[int, ...]]
Stopping = Callable[[], bool]


class Stopped(Exception):
    """The encoder was asked to stop before it was through."""


@dataclass
class Encoder:
    """A loaded transformer; `encode` is its only verb. config: with the dtype that it computes in."""

    config: EncoderConfig
    form: TextForm
    model: PreTrainedModel
    device: torch.device
    token_budget: int = TOKEN_BUDGET["cpu"]

    def encode(self, texts: Sequence[tuple[Messages, str]], stopping: Stopping = lambda: False) -> Float16Array:
        """Return embedding_ND as fp16, one row per (prompt messages, response text).

        Identical texts are encoded once and share their row to the bit; the order of the input does not matter.
        stopping: asked before each batch. Raises Stopped once it says yes, and EncoderError for a prompt that the
        model's chat template refuses.
        """
        rows_by_text = [self._token_rows(name, texts) for name in self.config.texts]
        distinct = sorted({row for rows in rows_by_text for row in rows}, key=lambda row: (len(row), row))
        place = {row: i for i, row in enumerate(distinct)}
        pooled_UD = self._pool_in_batches(distinct, stopping)
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
        return self.form.pair([messages for messages, _ in texts], responses)

    def _pool_in_batches(self, rows: Rows, stopping: Stopping) -> Float16Array:
        batches = list(_batches(rows, self.token_budget))
        pool = partial(self._pool_or_split, room=Room(), stopping=stopping)
        if self.device.type == "cpu":
            with _workers() as workers:
                pooled = list(workers.map(pool, batches[::-1]))[::-1]
        else:
            pooled = [pool(batch) for batch in batches]
        return np.concatenate(pooled) if pooled else np.empty((0, self._size_of_one_text()), np.float16)

    def _pool_or_split(self, rows: Rows, room: "Room", stopping: Stopping) -> Float16Array:
        """Pool a batch, in halves where the device has no room for it or had none for one as large."""
        if stopping():
            raise Stopped
        if room.holds(rows):
            try:
                return self._pool(rows)
            except torch.OutOfMemoryError:
                if len(rows) == 1:
                    raise
            room.shrink_below(rows)
            torch.cuda.empty_cache()
        middle = len(rows) // 2
        halves = rows[:middle], rows[middle:]
        return np.concatenate([self._pool_or_split(half, room, stopping) for half in halves])

    def _size_of_one_text(self) -> int:
        return self.size // len(self.config.texts)

    @torch.inference_mode()
    def _pool(self, rows: Rows) -> Float16Array:
        ids_UT, mask_UT = _padded(rows, self.form.padding_id)
        full = bool(mask_UT.all())
        ids_UT, mask_UT = ids_UT.to(self.device), mask_UT.to(self.device)
        attention = None if full else mask_UT
        hidden = self.model(input_ids=ids_UT, attention_mask=attention, output_hidden_states=True).hidden_states
        layers = self.config.layers or range(len(hidden))
        pooled = [_pooled(hidden[layer], mask_UT, self.config.pooling) for layer in layers]
        embedding: Float16Array = torch.cat(pooled, dim=1).half().cpu().numpy()
        return embedding


@dataclass
class Room:
    """How many padded tokens the device had no room for, as far as one call of `encode` has found out."""

    too_many: float = float("inf")

    def holds(self, rows: Rows) -> bool:
        return len(rows) == 1 or _padded_size(rows) < self.too_many

    def shrink_below(self, rows: Rows) -> None:
        self.too_many = min(self.too_many, _padded_size(rows))


def load_encoder(config: EncoderConfig, device: str | torch.device | None = None) -> Encoder:
    """Load the transformer of `config` on `device` (CUDA when there is one). Raises EncoderError."""
    model, form, settled = load_transformer(config, device)
    kind = model.device.type
    return Encoder(settled, form, model, model.device, TOKEN_BUDGET.get(kind, TOKEN_BUDGET["cpu"]))


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


def _padded_size(rows: Rows) -> int:
    return len(rows) * max(map(len, rows))


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
