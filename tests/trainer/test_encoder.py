from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer

from tests.trainer.tiny_models import SIZE, save_tiny_model
from trainer.encoder import Encoder, EncoderConfig, has_bfloat16, load_encoder
from trainer.weights import EncoderFilesError, checked_sha256, model_directory

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


@pytest.mark.parametrize("kind", ["bert", "gpt", "llama"])
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


class Cramped(nn.Module):
    """A model on a device with room for few tokens at a time."""

    def __init__(self, model: nn.Module, room: int) -> None:
        super().__init__()
        self.model, self.room, self.config = model, room, model.config

    def forward(self, input_ids: torch.Tensor, **options: object) -> object:
        if input_ids.numel() > self.room:
            raise torch.OutOfMemoryError
        return self.model(input_ids=input_ids, **options)


def test_a_full_device_gets_smaller_batches(exact: Encoder) -> None:
    texts = [(QUESTION, "word " * n) for n in range(1, 30)]

    cramped = replace(exact, model=Cramped(exact.model, room=100)).encode(texts)

    assert cosine(cramped, exact.encode(texts)).min() > 0.9999


def test_a_device_without_room_for_one_text_says_so(exact: Encoder) -> None:
    with pytest.raises(torch.OutOfMemoryError):
        replace(exact, model=Cramped(exact.model, room=3)).encode(TEXTS)


def test_a_key_names_every_setting() -> None:
    plain = EncoderConfig()
    others = [
        replace(plain, layers=(0, 6)),
        replace(plain, texts=("response",)),
        replace(plain, pooling="cls"),
        replace(plain, max_tokens=256),
        replace(plain, prompt_tokens=80),
        replace(plain, dtype="float32"),
    ]

    keys = {config.key for config in [plain, EncoderConfig(), *others]}

    assert len(keys) == 1 + len(others)
    assert all(len(key) <= 64 for key in keys)


def test_a_key_follows_the_weights_not_their_place(tmp_path: Path) -> None:
    one, copy, other = (
        save_tiny_model(tmp_path / name / "tiny", "bert", seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )

    keys = [EncoderConfig(model=str(directory)).key for directory in (one, copy, other)]

    assert keys[0] == keys[1] != keys[2]


def test_a_config_can_be_read_from_json() -> None:
    assert EncoderConfig(layers=[0, 6], texts=["pair"]) == EncoderConfig(layers=(0, 6), texts=("pair",))


@pytest.mark.parametrize("wrong", [{"texts": ["prompt"]}, {"texts": []}, {"pooling": "max"}, {"dtype": "int8"}])
def test_unknown_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"texts|pooling"):
        EncoderConfig(**wrong)


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderFilesError):
        load_encoder(EncoderConfig(model=str(tmp_path / "nowhere")))
    with pytest.raises(EncoderFilesError):
        checked_sha256(str(tmp_path))


def test_a_cpu_says_whether_it_computes_in_bfloat16() -> None:
    assert has_bfloat16(torch.device("cpu")) == torch.cpu.get_capabilities().get("avx512_bf16", False)
