"""Digests that stay what they are: they are stored, and decide what is the same."""

import hashlib

import pytest

from annotate.formats.hashes import messages_hash, text_hash
from annotate.formats.rows import Message
from annotate.formats.texts import id_key, is_blank


def test_a_text_is_hashed_as_nfc() -> None:
    assert text_hash("cafe\u0301") == text_hash("caf\u00e9") == hashlib.sha256("caf\u00e9".encode()).hexdigest()


@pytest.mark.parametrize("other", ["Seven", "Seven. ", "seven.", ""])
def test_texts_that_differ_have_different_hashes(other: str) -> None:
    assert text_hash("Seven.") != text_hash(other)


def test_the_hash_of_a_prompt_is_the_one_that_is_stored() -> None:
    expected = hashlib.sha256('[["user", "caf\u00e9"]]'.encode()).hexdigest()

    assert messages_hash([Message("user", "cafe\u0301")]) == expected


def test_role_order_and_borders_of_messages_count() -> None:
    conversations = [
        [Message("user", "a"), Message("user", "b")],
        [Message("user", "b"), Message("user", "a")],
        [Message("user", "a"), Message("assistant", "b")],
        [Message("user", "ab")],
        [Message("user", 'a"], ["user", "b')],
    ]

    assert len({messages_hash(messages) for messages in conversations}) == len(conversations)


def test_an_id_is_compared_without_case_unicode_form_and_outer_space() -> None:
    assert id_key(" Cafe\u0301-1\n") == id_key("CAF\u00c9-1")


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u2800\u3164", "\u00ad\ufeff\u2060", "\t\r\n"])
def test_a_text_that_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", ".", "\u200bа", "😀", "\u0301", "‏א"])
def test_a_text_that_shows_anything_is_not_blank(text: str) -> None:
    assert not is_blank(text)
