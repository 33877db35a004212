"""How a prompt and a response become the token ids that a transformer reads; no model is run here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase

Messages = Sequence[tuple[str, str]]
BLANK_LINE = "\n\n"


@dataclass(frozen=True)
class TextForm:
    """The two forms of a text: prompt + response ("pair"), and the response alone ("response").

    prefix, suffix: the model's own special tokens, such as [CLS] and [SEP]; blank: the blank line between.
    """

    tokenizer: PreTrainedTokenizerBase
    prefix: list[int]
    suffix: list[int]
    blank: list[int]
    max_tokens: int
    prompt_tokens: int

    def pair(self, prompts: Sequence[str], responses: Sequence[str]) -> list[tuple[int, ...]]:
        """Join the last tokens of each prompt, a blank line and the response, cut at the right end."""
        prompt_ids, response_ids = self._ids(prompts), self._ids(responses)
        heads = [ids[max(len(ids) - self.prompt_tokens, 0) :] + self.blank for ids in prompt_ids]
        return [self._framed(head + tail) for head, tail in zip(heads, response_ids, strict=True)]

    def response(self, responses: Sequence[str]) -> list[tuple[int, ...]]:
        return [self._framed(ids) for ids in self._ids(responses)]

    def _framed(self, ids: list[int]) -> tuple[int, ...]:
        room = self.max_tokens - len(self.prefix) - len(self.suffix)
        framed = (*self.prefix, *ids[:room], *self.suffix)
        return framed or (self.padding_id,)

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        # Said aloud, because a packaged tokenizer.json may carry a truncation and a padding of its own.
        encoded = self.tokenizer(
            list(texts),
            add_special_tokens=False,
            truncation=False,
            padding=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        return [list(ids) for ids in encoded["input_ids"]]

    @property
    def padding_id(self) -> int:
        return int(self.tokenizer.pad_token_id or 0)


def load_text_form(directory: Path, *, max_tokens: int, prompt_tokens: int) -> TextForm:
    tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
    prefix, suffix = _special_tokens(tokenizer)
    blank = tokenizer(BLANK_LINE, add_special_tokens=False)["input_ids"]
    return TextForm(tokenizer, prefix, suffix, list(blank), max_tokens, prompt_tokens)


def prompt_text(messages: Messages) -> str:
    """Return a single message as it is, and a conversation with its roles marked."""
    if len(messages) == 1:
        return messages[0][1]
    return BLANK_LINE.join(f"{role}: {content}" for role, content in messages)


def _special_tokens(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    plain = list(tokenizer("a", add_special_tokens=False)["input_ids"])
    framed = list(tokenizer("a", add_special_tokens=True)["input_ids"])
    starts = range(len(framed) - len(plain) + 1)
    start = next(i for i in starts if framed[i : i + len(plain)] == plain)
    return framed[:start], framed[start + len(plain) :]
