from pathlib import Path

import pytest

from tests.trainer.tiny_models import WORDS, save_tiny_model
from trainer.texts import Messages, TextForm, Truncation, load_tokenizer, prompt_text, text_form
from trainer.weights import EncoderError, model_directory


def form_of(
    tmp_path: Path,
    kind: str = "bert",
    *,
    max_tokens: int = 20,
    prompt_tokens: int = 4,
    truncation: Truncation = "right",
    chat: bool = False,
) -> TextForm:
    tokenizer = load_tokenizer(save_tiny_model(tmp_path, kind, chat=chat))
    return text_form(tokenizer, max_tokens=max_tokens, prompt_tokens=prompt_tokens, truncation=truncation, chat=chat)


def asked(text: str) -> Messages:
    return [("user", text)]


def words(row: tuple[int, ...]) -> str:
    return " ".join(WORDS[token] for token in row)


def test_a_pair_is_the_prompt_and_the_response_in_one_frame(tmp_path: Path) -> None:
    rows = form_of(tmp_path).pair([asked("is ice cold")], ["the ice is cold"])

    assert words(rows[0]) == "[CLS] is ice cold the ice is cold [SEP]"


def test_a_response_stands_alone_in_its_frame(tmp_path: Path) -> None:
    assert words(form_of(tmp_path).response(["the ice"])[0]) == "[CLS] the ice [SEP]"


def test_the_last_tokens_of_a_long_prompt_are_kept(tmp_path: Path) -> None:
    rows = form_of(tmp_path, prompt_tokens=2).pair([asked("the ice is cold")], ["a"])

    assert words(rows[0]) == "[CLS] is cold a [SEP]"


def test_the_first_tokens_of_a_long_response_are_kept(tmp_path: Path) -> None:
    rows = form_of(tmp_path, max_tokens=6).pair([asked("cold")], ["the ice is the ice"])

    assert words(rows[0]) == "[CLS] cold the ice is [SEP]"


def test_the_truncation_and_padding_of_the_tokenizer_file_do_not_matter(tmp_path: Path) -> None:
    rows = form_of(tmp_path).response(["the ice is cold the ice is cold", "a"])

    assert [len(row) for row in rows] == [10, 3]


def test_an_empty_response_is_a_text(tmp_path: Path) -> None:
    form = form_of(tmp_path)

    assert words(form.response([""])[0]) == "[CLS] [SEP]"
    assert words(form.pair([asked("is ice cold")], [""])[0]) == "[CLS] is ice cold [SEP]"


def test_a_model_without_special_tokens_reads_an_empty_text_as_padding(tmp_path: Path) -> None:
    form = form_of(tmp_path, "gpt")

    assert (form.prefix, form.suffix) == ([], [])
    assert words(form.response([""])[0]) == "[PAD]"


def test_no_texts_have_no_rows(tmp_path: Path) -> None:
    assert form_of(tmp_path).pair([], []) == []


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([("user", "Hi")], "Hi"),
        ([("user", "Hi"), ("assistant", "Yes?"), ("user", "Go")], "user: Hi\n\nassistant: Yes?\n\nuser: Go"),
    ],
)
def test_roles_are_marked_in_conversations_only(messages: list[tuple[str, str]], text: str) -> None:
    assert prompt_text(messages) == text


def test_the_packaged_model_frames_its_texts_as_bert_does() -> None:
    form = text_form(load_tokenizer(model_directory("")), max_tokens=512, prompt_tokens=160)

    assert (form.prefix, form.suffix, form.blank) == ([101], [102], [])
    assert len(form.pair([asked("word " * 1000)], ["word " * 1000])[0]) == 512


def test_the_beginning_of_a_long_text_can_be_what_is_cut_off(tmp_path: Path) -> None:
    form = form_of(tmp_path, max_tokens=6, truncation="left")

    assert words(form.pair([asked("cold")], ["the ice is the ice"])[0]) == "[CLS] ice is the ice [SEP]"
    assert words(form.response(["a"])[0]) == "[CLS] a [SEP]"


def test_a_chat_template_writes_the_pair_and_leaves_the_response_alone(tmp_path: Path) -> None:
    form = form_of(tmp_path, chat=True)

    assert (
        words(form.pair([asked("is ice cold")], ["the ice"])[0]) == "user : is ice cold [SEP] assistant : the ice [SEP]"
    )
    assert words(form.response(["the ice"])[0]) == "[CLS] the ice [SEP]"


def test_a_chat_template_sees_the_last_tokens_of_the_prompt_and_every_turn(tmp_path: Path) -> None:
    prompt = [("user", "the ice is cold"), ("assistant", "the ice"), ("user", "is cold")]

    rows = form_of(tmp_path, max_tokens=40, prompt_tokens=3, chat=True).pair([prompt], ["a"])

    assert words(rows[0]) == "user : [SEP] assistant : ice [SEP] user : is cold [SEP] assistant : a [SEP]"


def test_a_conversation_is_cut_like_any_text(tmp_path: Path) -> None:
    rows = form_of(tmp_path, max_tokens=4, truncation="left", chat=True).pair([asked("ice")], ["is cold"])

    assert words(rows[0]) == ": is cold [SEP]"


def test_a_prompt_that_the_chat_template_refuses_is_named_so(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"no system turns.*Switch the chat template off"):
        form_of(tmp_path, chat=True).pair([[("system", "a"), ("user", "ice")]], ["cold"])


def test_a_tokenizer_without_a_chat_template_says_so(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(save_tiny_model(tmp_path, "llama"))

    with pytest.raises(EncoderError, match="no chat template"):
        text_form(tokenizer, max_tokens=20, prompt_tokens=4, chat=True)
