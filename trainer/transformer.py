"""Loads any local transformer whose hidden states can be read, and says plainly why another cannot be used."""

from pathlib import Path

import torch
from torch import nn
from transformers import AutoModel, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils.logging import disable_progress_bar

from trainer.encoder_config import EncoderConfig, best_device
from trainer.texts import TextForm, first_line, load_tokenizer, text_form
from trainer.weights import EncoderError, checked_digest, model_directory

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}
ENDLESS = 10**9  # what a tokenizer says of itself that knows no longest text


def load_transformer(
    config: EncoderConfig, device: str | torch.device | None = None
) -> tuple[PreTrainedModel, TextForm, EncoderConfig]:
    """Return the model on `device`, the form of its texts, and `config` with the dtype that it computes in.

    Raises EncoderError. Neither code nor a pickle that lies beside the weights is ever run.
    """
    chosen = torch.device(device) if device else best_device()
    checked_digest(config.model)
    settled, directory = config.settled(chosen), model_directory(config.model)
    tokenizer = load_tokenizer(directory)
    model = _load_model(directory, DTYPES[settled.dtype]).eval()
    nn.Module.to(model, chosen)
    _check_layers(model, settled)
    form = text_form(
        tokenizer,
        max_tokens=_longest(model, tokenizer, settled.max_tokens),
        prompt_tokens=settled.prompt_tokens,
        truncation=settled.truncation,
        chat=settled.chat_template,
    )
    return model, form, settled


def _load_model(directory: Path, dtype: torch.dtype) -> PreTrainedModel:
    disable_progress_bar()  # a worker's log is no terminal
    try:
        model, report = AutoModel.from_pretrained(
            directory,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=dtype,
            output_loading_info=True,
        )
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # whatever a broken or unknown file makes the libraries raise
        raise EncoderError(
            f"{directory.name!r} cannot be loaded: {first_line(error)} "
            "Its architecture must be one that transformers knows without code of its own."
        ) from error
    # The pooler makes one vector of a text, which nothing here reads; many checkpoints come without.
    if missing := sorted(name for name in report["missing_keys"] if "pooler" not in name):
        raise EncoderError(f"The weights of {directory.name!r} lack {len(missing)} tensors, such as {missing[0]}.")
    loaded: PreTrainedModel = model
    return loaded


def _check_layers(model: PreTrainedModel, config: EncoderConfig) -> None:
    n_layers = getattr(model.config, "num_hidden_layers", None)
    if (
        getattr(model.config, "is_encoder_decoder", False)
        or n_layers is None
        or not hasattr(model.config, "hidden_size")
    ):
        raise EncoderError(f"A {model.config.model_type} model has no hidden states of one text to read.")
    if wrong := [layer for layer in config.layers if not -n_layers - 1 <= layer <= n_layers]:
        raise EncoderError(f"There is no layer {wrong[0]}: this model's hidden states are 0 to {n_layers}.")


def _longest(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, wanted: int) -> int:
    """Return the most tokens that a text may have: as many as wanted, and no more than the model has places for."""
    places = int(getattr(model.config, "max_position_embeddings", None) or wanted)
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    if isinstance(table, nn.Embedding) and table.padding_idx is not None:  # RoBERTa counts from after the padding's id
        places -= table.padding_idx + 1
    claimed = int(tokenizer.model_max_length)
    return min(wanted, places, claimed if claimed < ENDLESS else wanted)
