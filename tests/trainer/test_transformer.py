"""Directories that hold no encoder that can be used: each says why, and nothing in it is run."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import T5Config, T5Model

from tests.trainer.tiny_models import save_tiny_model
from trainer.encoder import load_encoder
from trainer.encoder_config import EncoderConfig
from trainer.weights import EncoderError


class Trap:
    """A pickle that leaves a file behind when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str, str], object], tuple[str, str]]:
        return open, (str(self.path), "w")


def complaint(directory: Path, **settings: object) -> str:
    with pytest.raises(EncoderError) as refused:
        load_encoder(EncoderConfig(model=str(directory), **settings), "cpu")
    return str(refused.value)


def change_config(directory: Path, **changes: object) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return save_tiny_model(tmp_path / "tiny", "bert")


def test_a_missing_directory(tmp_path: Path) -> None:
    assert complaint(tmp_path / "nowhere").startswith("There is no encoder 'nowhere'")


def test_a_directory_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()

    assert "'holiday' is no model: it has no config.json" in complaint(tmp_path / "holiday")


def test_a_missing_tokenizer(tiny: Path) -> None:
    for file in tiny.glob("tokenizer*"):
        file.unlink()

    assert "'tiny' has no tokenizer" in complaint(tiny)


def test_a_broken_tokenizer(tiny: Path) -> None:
    (tiny / "tokenizer.json").write_text("{")

    assert "The tokenizer of 'tiny' cannot be loaded" in complaint(tiny)


def test_missing_weights(tiny: Path) -> None:
    (tiny / "model.safetensors").unlink()

    assert "no *.safetensors weights" in complaint(tiny)


def test_pickled_weights_are_refused_and_not_read(tiny: Path, tmp_path: Path) -> None:
    (tiny / "model.safetensors").unlink()
    (tiny / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))

    assert "are pickled" in complaint(tiny)
    assert not (tmp_path / "sprung").exists()


def test_an_unknown_architecture(tiny: Path) -> None:
    change_config(tiny, model_type="telepathy")

    assert "telepathy" in complaint(tiny)


def test_code_beside_the_weights_is_not_run(tiny: Path, tmp_path: Path) -> None:
    (tiny / "modeling_own.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')")
    change_config(tiny, model_type="own", auto_map={"AutoConfig": "modeling_own.C", "AutoModel": "modeling_own.M"})

    assert "code" in complaint(tiny)
    assert not (tmp_path / "sprung").exists()


def test_broken_weights(tiny: Path) -> None:
    (tiny / "model.safetensors").write_bytes(b"\0" * 100)

    assert "'tiny' cannot be loaded" in complaint(tiny)


def test_weights_that_lack_a_layer_are_not_made_up(tiny: Path) -> None:
    weights = {name: tensor for name, tensor in load_file(tiny / "model.safetensors").items() if "layer.1." not in name}
    save_file(weights, tiny / "model.safetensors", metadata={"format": "pt"})

    assert "lack 16 tensors" in complaint(tiny)


def test_weights_without_a_pooler_are_whole(tiny: Path) -> None:
    weights = {name: tensor for name, tensor in load_file(tiny / "model.safetensors").items() if "pooler" not in name}
    save_file(weights, tiny / "model.safetensors", metadata={"format": "pt"})

    assert load_encoder(EncoderConfig(model=str(tiny)), "cpu").encode([([("user", "a")], "ice")]).shape == (1, 96)


@pytest.mark.parametrize("layer", [3, -4])
def test_a_layer_that_is_not_there(tiny: Path, layer: int) -> None:
    assert f"no layer {layer}: this model's hidden states are 0 to 2" in complaint(tiny, layers=(layer,))


def test_a_model_of_two_texts(tiny: Path) -> None:
    torch.manual_seed(0)
    small = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    T5Model(T5Config(vocab_size=12, decoder_start_token_id=0, **small)).save_pretrained(tiny)

    assert "A t5 model has no hidden states of one text" in complaint(tiny)


def test_a_chat_template_that_is_not_there(tiny: Path) -> None:
    assert "no chat template" in complaint(tiny, chat_template=True)
