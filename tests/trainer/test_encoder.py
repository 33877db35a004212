from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer

from tests.trainer.tiny_models import SIZE, save_tiny_model
from trainer.encoder import Encoder, Stopped, load_encoder
from trainer.encoder_config import EncoderConfig
from trainer.weights import model_directory

QUESTION = [("user", "Which country owns Antarctica?")]
ANSWERS = ["No country does: a treaty of 1959 holds all claims.", "Penguinia.", "", "Penguinia.", "word " * 700]
TEXTS = [(QUESTION, answer) for answer in ANSWERS]


@pytest.fixture(scope="module")
def exact() -> Encoder:
    return load_encoder(EncoderConfig(dtype="float32"), "cpu")


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = a.astype(float), b.astype(float)
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def by_transformers_alone(text: str, *, max_length: int = 512) -> np.ndarray:
    """Pool every hidden layer of one text, as transformers' own documentation does it."""
    tokenizer = AutoTokenizer.from_pretrained(model_directory(""))
    model = AutoModel.from_pretrained(model_directory(""), dtype=torch.float32).eval()
    inputs = tokenizer(text, return_tensors="pt", truncation=True, padding=False, max_length=max_length)
    with torch.no_grad():
        hidden = model(**inputs, output_hidden_states=True).hidden_states
    return torch.cat([layer[0].mean(0) for layer in hidden]).numpy()


def test_an_embedding_is_all_layers_of_the_pair_and_of_the_response(exact: Encoder) -> None:
    embedding = exact.encode(TEXTS)

    assert embedding.shape == (5, 5376) == (5, exact.size)
    assert embedding.dtype == np.float16
    for row, answer in zip(embedding, ANSWERS, strict=True):
        expected = [by_transformers_alone(f"{QUESTION[0][1]}\n\n{answer}"), by_transformers_alone(answer)]
        assert row.astype(float) == pytest.approx(np.concatenate(expected), abs=4e-3)


def test_half_the_precision_gives_the_same_direction(exact: Encoder) -> None:
    config = EncoderConfig(dtype="bfloat16")

    assert cosine(load_encoder(config, "cpu").encode(TEXTS), exact.encode(TEXTS)).min() > 0.999


def test_identical_texts_share_their_row_to_the_bit(exact: Encoder) -> None:
    embedding = exact.encode(TEXTS)

    assert (embedding[1] == embedding[3]).all()


def test_the_order_of_the_texts_does_not_matter(exact: Encoder) -> None:
    assert (exact.encode(TEXTS[::-1]) == exact.encode(TEXTS)[::-1]).all()


def test_no_texts_have_no_embeddings(exact: Encoder) -> None:
    assert exact.encode([]).shape == (0, 5376)


@pytest.mark.parametrize("kind", ["bert", "roberta", "gpt", "llama"])
@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_any_local_transformer_encodes_texts_alike_alone_and_in_a_batch(
    tmp_path: Path, kind: str, pooling: str
) -> None:
    model = str(save_tiny_model(tmp_path, kind))
    encoder = load_encoder(EncoderConfig(model=model, pooling=pooling, dtype="float32"), "cpu")
    texts = [([("user", "is ice cold")], answer) for answer in ("the ice is cold", "cold", "")]

    together = encoder.encode(texts)
    alone = np.concatenate([encoder.encode([text]) for text in texts])

    assert together.shape == (3, 3 * SIZE * 2)
    assert together.astype(float) == pytest.approx(alone.astype(float), abs=2e-3)


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_pooling_takes_the_tokens_it_says(tmp_path: Path, pooling: str) -> None:
    model = str(save_tiny_model(tmp_path, "bert"))
    config = EncoderConfig(model=model, pooling=pooling, layers=(-1,), texts=("response",), dtype="float32")
    encoder = load_encoder(config, "cpu")
    with torch.no_grad():
        tokens = encoder.model(torch.tensor([[2, 5, 3]])).last_hidden_state[0]
    expected = {"mean": tokens.mean(0), "cls": tokens[0], "last": tokens[-1]}[pooling]

    embedding = encoder.encode([([("user", "a")], "ice"), ([("user", "a")], "the ice is cold")])[0]

    assert embedding.astype(float) == pytest.approx(expected.numpy(), abs=2e-3)


@pytest.mark.parametrize("kind", ["bert", "roberta", "gpt", "llama"])
def test_a_text_is_cut_to_the_places_that_the_model_has(tmp_path: Path, kind: str) -> None:
    model = str(save_tiny_model(tmp_path, kind))
    encoder = load_encoder(EncoderConfig(model=model, dtype="float32"), "cpu")
    long, longer = ([([("user", "a")], "the ice is cold " * n)] for n in (20, 30))

    assert encoder.form.max_tokens == 24
    assert (encoder.encode(long) == encoder.encode(longer)).all()


class Cramped(nn.Module):
    """A model on a device with room for few tokens at a time; it notes what it was given."""

    def __init__(self, model: nn.Module, room: int) -> None:
        super().__init__()
        self.model, self.room, self.config = model, room, model.config
        self.asked: list[int] = []

    def forward(self, input_ids: torch.Tensor, **options: object) -> object:
        self.asked.append(input_ids.numel())
        if input_ids.numel() > self.room:
            raise torch.OutOfMemoryError
        return self.model(input_ids=input_ids, **options)


def test_a_full_device_gets_smaller_batches(exact: Encoder) -> None:
    texts = [(QUESTION, "word " * n) for n in range(1, 30)]

    cramped = replace(exact, model=Cramped(exact.model, room=100)).encode(texts)

    assert cosine(cramped, exact.encode(texts)).min() > 0.9999


def test_what_did_not_fit_once_is_not_tried_again(exact: Encoder, one_thread: None) -> None:
    texts = [(QUESTION, f"{n} " * 50) for n in range(200)]
    model = Cramped(exact.model, room=1000)

    replace(exact, model=model).encode(texts)

    too_large = [n for n in model.asked if n > model.room]
    assert 1 <= len(too_large) <= 3  # some 4000, 2000, and 1000: not once more for each of the batches
    assert len(model.asked) > 10 * len(too_large)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Take one batch after the other, as on a GPU."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def test_a_device_without_room_for_one_text_says_so(exact: Encoder) -> None:
    with pytest.raises(torch.OutOfMemoryError):
        replace(exact, model=Cramped(exact.model, room=3)).encode(TEXTS)


def test_it_stops_before_the_next_batch_when_it_is_asked_to(exact: Encoder) -> None:
    model = Cramped(exact.model, room=10**9)
    texts = [(QUESTION, f"{n} " * 50) for n in range(200)]
    encoder = replace(exact, model=model)

    with pytest.raises(Stopped):
        encoder.encode(texts, stopping=lambda: len(model.asked) >= 2)

    assert 2 <= len(model.asked) <= 2 + torch.get_num_threads()


@pytest.mark.gpu
def test_a_gpu_gives_the_same_embeddings(exact: Encoder) -> None:
    there = load_encoder(EncoderConfig(dtype="float32"), "cuda")

    assert cosine(there.encode(TEXTS), exact.encode(TEXTS)).min() > 0.9999


@pytest.mark.gpu
def test_a_full_gpu_gets_smaller_batches() -> None:
    encoder = load_encoder(EncoderConfig(dtype="float32"), "cuda")
    texts = [(QUESTION, f"{n} " * 200) for n in range(500)]
    roomy = encoder.encode(texts)
    torch.cuda.empty_cache()
    room = torch.cuda.memory_allocated() + 2**28  # a quarter of what the largest batch takes
    torch.cuda.set_per_process_memory_fraction(room / torch.cuda.get_device_properties(0).total_memory)
    try:
        cramped = encoder.encode(texts)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)

    assert cosine(cramped, roomy).min() > 0.9999
