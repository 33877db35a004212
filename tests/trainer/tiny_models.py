"""Tiny random transformers with a tokenizer of their own, saved as a local directory like any downloaded model."""

from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2Model,
    LlamaConfig,
    LlamaModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
)

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "ice", "is", "cold", "user", "assistant", ":", "a")
SIZE = 16
CHAT_TEMPLATE = """\
{% for message in messages %}{% if message.role == "system" %}{{ raise_exception("no system turns") }}{% endif %}\
{{ message.role }} : {{ message.content }} [SEP] {% endfor %}"""


def save_tiny_model(directory: Path, kind: str, *, seed: int = 0, chat: bool = False) -> Path:
    """Save a random BERT-, RoBERTa-, GPT- or Llama-like model; only those like BERT frame their texts."""
    torch.manual_seed(seed)
    _model(kind).save_pretrained(directory)
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    if kind in ("bert", "roberta"):
        frame = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
        tokenizer.post_processor = frame
    tokenizer.enable_truncation(4)  # what a packaged tokenizer.json may carry, and what must not matter
    tokenizer.enable_padding(length=9)
    saved = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", sep_token="[SEP]")
    saved.chat_template = CHAT_TEMPLATE if chat else None
    saved.save_pretrained(directory)
    return directory


def _model(kind: str) -> PreTrainedModel:
    width = {"hidden_size": SIZE, "num_hidden_layers": 2, "num_attention_heads": 2}
    if kind == "bert":
        return BertModel(BertConfig(vocab_size=len(WORDS), intermediate_size=32, max_position_embeddings=24, **width))
    if kind == "roberta":
        return RobertaModel(
            RobertaConfig(
                vocab_size=len(WORDS), intermediate_size=32, max_position_embeddings=25, pad_token_id=0, **width
            )
        )
    if kind == "gpt":
        return GPT2Model(GPT2Config(vocab_size=len(WORDS), n_embd=SIZE, n_layer=2, n_head=2, n_positions=24))
    return LlamaModel(LlamaConfig(vocab_size=len(WORDS), intermediate_size=32, max_position_embeddings=24, **width))
