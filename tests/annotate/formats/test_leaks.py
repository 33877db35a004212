"""Phrases by which a response names its source."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.formats.leaks import HIDDEN, first_leak, mask_leaks
from annotate.models.projects import default_leak_phrases

PHRASES = ["As Claude", "I'm ChatGPT", "made by OpenAI"]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("As Claude, I cannot.", f"{HIDDEN}, I cannot."),
        ("as  CLAUDE\n I", f"{HIDDEN}\n I"),
        ("Hi! I’m\tChatGPT.", f"Hi! {HIDDEN}."),
        ("As Claudette sang", "As Claudette sang"),
        ("was Claude here?", "was Claude here?"),
        ("made by OpenAI, made by OpenAI", f"{HIDDEN}, {HIDDEN}"),
        ("", ""),
    ],
)
def test_a_phrase_is_hidden_however_it_is_spelled(text: str, masked: str) -> None:
    assert mask_leaks(text, PHRASES) == masked


def test_the_first_phrase_is_reported_as_the_list_spells_it() -> None:
    assert first_leak("well, i’m  chatgpt, as claude says", PHRASES) == "I'm ChatGPT"
    assert first_leak("nothing here", PHRASES) == ""
    assert first_leak("As Claude", []) == ""


def test_of_two_phrases_that_begin_alike_the_longer_is_hidden() -> None:
    assert mask_leaks("I am GPT-4 Turbo", ["I am GPT-4", "I am GPT-4 Turbo"]) == HIDDEN


def test_a_phrase_is_no_pattern() -> None:
    assert mask_leaks("As Claude", [".*", "A(s|t) Claude"]) == "As Claude"
    assert mask_leaks("so (c) Claude", ["(c) Claude"]) == f"so {HIDDEN}"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="aAs ClaudeI'm\n.", max_size=60), st.lists(st.text("As Claude'm", max_size=12), max_size=4))
def test_hiding_agrees_with_a_search_word_by_word(text: str, phrases: list[str]) -> None:
    """The oracle looks at every stretch of the text by itself."""
    masked = mask_leaks(text, phrases)

    assert (masked == text) == (not first_leak(text, phrases)) == (not any(stands_in(text, one) for one in phrases))


def stands_in(text: str, phrase: str) -> bool:
    wanted = phrase.casefold().split()
    if not wanted:
        return False
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            piece = text[start:end]
            if piece != piece.strip() or piece.casefold().split() != wanted:
                continue
            if re.search(r"\s{21}", piece):
                continue
            open_left = start == 0 or not (text[start - 1].isalnum() and piece[0].isalnum())
            open_right = end == len(text) or not (text[end].isalnum() and piece[-1].isalnum())
            if open_left and open_right:
                return True
    return False


def test_the_phrases_of_a_new_project_name_the_common_systems() -> None:
    phrases = default_leak_phrases()

    for text in ("As Claude, I", "I'm ChatGPT", "I am Gemini,", "was created by Anthropic to", "trained by Google."):
        assert first_leak(text, phrases)
