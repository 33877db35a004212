"""How a prompt and a response become the token ids that a transformer reads; no model is run here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jinja2 import TemplateError
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from trainer.weights import EncoderError

Messages = Sequence[tuple[str, str]]
Truncation = Literal["right", "left"]
BLANK_LINE = "\n\n"


@dataclass(frozen=True)
class TextForm:
    """The two forms of a text: prompt + response ("pair"), and the response alone ("response").

    prefix, suffix: the model's own special tokens, such as [CLS] and [SEP]; blank: the blank line between.
    truncation: the end at which a text of more than max_tokens is cut. chat: pairs are written by the tokenizer's own
    chat template, which brings its special tokens.
    """

    tokenizer: PreTrainedTokenizerBase
    prefix: list[int]
    suffix: list[int]
    blank: list[int]
    max_tokens: int
    prompt_tokens: int
    truncation: Truncation = "right"
    chat: bool = False

    def pair(self, prompts: Sequence[Messages], responses: Sequence[str]) -> list[tuple[int, ...]]:
        """Join the last tokens of each prompt and the response, cut to max_tokens."""
        if self.chat:
            return [self._cut(ids, self.max_tokens) for ids in self._ids(list(map(self._chat, prompts, responses)))]
        prompt_ids, response_ids = self._ids([prompt_text(messages) for messages in prompts]), self._ids(responses)
        heads = [ids[max(len(ids) - self.prompt_tokens, 0) :] + self.blank for ids in prompt_ids]
        return [self._framed(head + tail) for head, tail in zip(heads, response_ids, strict=True)]

    def response(self, responses: Sequence[str]) -> list[tuple[int, ...]]:
        return [self._framed(ids) for ids in self._ids(responses)]

    def _framed(self, ids: list[int]) -> tuple[int, ...]:
        room = self.max_tokens - len(self.prefix) - len(self.suffix)
        return (*self.prefix, *self._cut(ids, room), *self.suffix) or (self.padding_id,)

    def _cut(self, ids: list[int], room: int) -> tuple[int, ...]:
        return tuple(ids[:room] if self.truncation == "right" else ids[max(len(ids) - room, 0) :])

    def _chat(self, messages: Messages, response: str) -> str:
        turns = [*self._last_tokens(messages), ("assistant", response)]
        try:
            written = self.tokenizer.apply_chat_template(
                [{"role": role, "content": content} for role, content in turns], tokenize=False
            )
        except TemplateError as error:
            raise EncoderError(
                f"The chat template refuses a prompt ({error}). Switch the chat template off, or change it."
            ) from error
        return str(written)

    def _last_tokens(self, messages: Messages) -> list[tuple[str, str]]:
        """Keep the last tokens of the prompt, and every turn, if only its frame: templates want turns to alternate."""
        room, kept = self.prompt_tokens, []
        for role, content in reversed(messages):
            starts = [start for start, _ in self._tokenize([content], return_offsets_mapping=True)["offset_mapping"][0]]
            kept.append((role, content if len(starts) <= room else content[starts[-room] :] if room else ""))
            room = max(room - len(starts), 0)
        return kept[::-1]

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        return [list(ids) for ids in self._tokenize(texts)["input_ids"]] if texts else []

    def _tokenize(self, texts: Sequence[str], **options: bool) -> dict[str, Any]:
        # Said aloud, because a packaged tokenizer.json may carry a truncation and a padding of its own.
        encoded = self.tokenizer(
            list(texts),
            add_special_tokens=False,
            truncation=False,
            padding=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
            **options,
        )
        return dict(encoded)

    @property
    def padding_id(self) -> int:
        return int(self.tokenizer.pad_token_id or 0)


def load_tokenizer(directory: Path) -> PreTrainedTokenizerBase:
    """Load the model's own tokenizer. Raises EncoderError."""
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            directory, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # whatever a broken file makes the libraries raise
        raise EncoderError(f"The tokenizer of {directory.name!r} cannot be loaded: {first_line(error)}") from error
    return tokenizer


def text_form(
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_tokens: int,
    prompt_tokens: int,
    truncation: Truncation = "right",
    chat: bool = False,
) -> TextForm:
    """Return the forms that the tokenizer's texts take. Raises EncoderError where it has no chat template to use."""
    if chat and not tokenizer.chat_template:
        raise EncoderError("Its tokenizer has no chat template. Switch the chat template off.")
    prefix, suffix = _special_tokens(tokenizer)
    blank = tokenizer(BLANK_LINE, add_special_tokens=False)["input_ids"]
    return TextForm(tokenizer, prefix, suffix, list(blank), max_tokens, prompt_tokens, truncation, chat)


def prompt_text(messages: Messages) -> str:
    """Return a single message as it is, and a conversation with its roles marked."""
    if len(messages) == 1:
        return messages[0][1]
    return BLANK_LINE.join(f"{role}: {content}" for role, content in messages)


def first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _special_tokens(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    plain = list(tokenizer("a", add_special_tokens=False)["input_ids"])
    framed = list(tokenizer("a", add_special_tokens=True)["input_ids"])
    starts = range(len(framed) - len(plain) + 1)
    start = next((i for i in starts if framed[i : i + len(plain)] == plain), None)
    if start is None:
        raise EncoderError("Its tokenizer writes a text in another way inside its special tokens than alone.")
    return framed[:start], framed[start + len(plain) :]
