"""Settings of an encoder: what its key covers, and what is refused before anything is loaded."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from annotate.services.encoders import DTYPES, POOLINGS, TRUNCATIONS, EncoderSettings
from annotate.services.encoders import TEXTS as OFFERED_TEXTS
from tests.trainer.tiny_models import save_tiny_model
from trainer.encoder import load_encoder
from trainer.encoder_config import TEXTS, EncoderConfig, has_bfloat16


def test_a_key_names_every_setting() -> None:
    plain = EncoderConfig(dtype="float32")
    others = [
        replace(plain, layers=(0, 6)),
        replace(plain, texts=("response",)),
        replace(plain, pooling="cls"),
        replace(plain, max_tokens=256),
        replace(plain, prompt_tokens=80),
        replace(plain, truncation="left"),
        replace(plain, chat_template=True),
        replace(plain, dtype="bfloat16"),
    ]

    keys = {config.key for config in [plain, EncoderConfig(dtype="float32"), *others]}

    assert len(keys) == 1 + len(others)
    assert len(others) == len(fields(EncoderConfig)) - 1  # the model has a test of its own
    assert all(len(key) <= 64 for key in keys)


def test_a_key_says_in_which_precision_auto_computes() -> None:
    config = EncoderConfig()

    assert config.key == load_encoder(config).config.key
    assert config.key in {EncoderConfig(dtype="float32").key, EncoderConfig(dtype="bfloat16").key}


def test_a_key_follows_the_files_not_their_place(tmp_path: Path) -> None:
    one, copy, other = (
        save_tiny_model(tmp_path / name / "tiny", "bert", seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )

    keys = [EncoderConfig(model=str(directory)).key for directory in (one, copy, other)]

    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "chat_template.jinja"])
def test_another_tokenizer_shape_or_template_is_another_key(tmp_path: Path, name: str) -> None:
    directory = save_tiny_model(tmp_path / "tiny", "llama", chat=True)
    before = EncoderConfig(model=str(directory)).key

    (directory / name).write_text((directory / name).read_text() + " ")

    assert EncoderConfig(model=str(directory)).key != before


def test_what_is_said_about_a_model_is_no_part_of_its_key(tmp_path: Path) -> None:
    directory = save_tiny_model(tmp_path / "tiny", "llama")
    before = EncoderConfig(model=str(directory)).key

    (directory / "README.md").write_text("A tiny model.")

    assert EncoderConfig(model=str(directory)).key == before


def test_a_config_can_be_read_from_json() -> None:
    assert EncoderConfig(layers=[0, 6], texts=["pair"]) == EncoderConfig(layers=(0, 6), texts=("pair",))


@pytest.mark.parametrize(
    "wrong",
    [
        {"texts": ["prompt"]},
        {"texts": []},
        {"pooling": "max"},
        {"dtype": "int8"},
        {"truncation": "middle"},
        {"max_tokens": 0},
        {"prompt_tokens": -1},
    ],
)
def test_unknown_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        EncoderConfig(**wrong)


def test_the_settings_that_a_project_offers_are_those_of_the_encoder() -> None:
    assert {field.name: field.default for field in fields(EncoderSettings)} == {
        field.name: field.default for field in fields(EncoderConfig)
    }
    for name, offered in {"pooling": POOLINGS, "truncation": TRUNCATIONS, "dtype": DTYPES}.items():
        for value in offered:
            assert getattr(EncoderConfig(**{name: value}), name) == value
    assert tuple(OFFERED_TEXTS) == TEXTS


def test_a_cpu_says_whether_it_computes_in_bfloat16() -> None:
    assert has_bfloat16(torch.device("cpu")) == torch.cpu.get_capabilities().get("avx512_bf16", False)
