"""Rows of the format "pair" as they are meant."""

import pytest

from annotate.formats.rows import BOTH_BAD, FIRST, SECOND, TIE, ImportedLabel, ImportedPrompt, ImportedResponse, Message
from tests.annotate.formats.files import found, jsonl, pair, prompts, warnings


def test_a_full_row_becomes_one_pair_with_its_labels() -> None:
    row = pair(
        id="p-1",
        source_a="terse",
        source_b="verbose",
        labels=[{"annotator": "alice", "preferred": "a", "shown_left": "b"}, {"annotator": "bob", "preferred": "tie"}],
        tags=["numbers", "easy", "numbers"],
        group="maths",
        dataset="primes",
    )

    read = prompts(jsonl(row))

    assert read == [
        ImportedPrompt(
            line=1,
            external_id="p-1",
            messages=(Message("user", "Name a prime."),),
            responses=(ImportedResponse("Seven.", "terse"), ImportedResponse("Nine.", "verbose")),
            is_pair=True,
            labels=(ImportedLabel("alice", FIRST, first_on_left=False), ImportedLabel("bob", TIE)),
            tags=("numbers", "easy"),
            metadata={"group": "maths", "dataset": "primes"},
        )
    ]


def test_the_shortest_row_is_enough() -> None:
    read = prompts(jsonl(pair()))

    assert read[0].responses == (ImportedResponse("Seven."), ImportedResponse("Nine."))
    assert (read[0].external_id, read[0].labels, read[0].tags, read[0].metadata) == (None, (), (), {})


def test_labels_without_an_annotator_are_named_by_their_place_in_the_row() -> None:
    labels = [{"preferred": "a"}, {"annotator": "alice", "preferred": "b"}, {"preferred": "both_bad"}]

    read = prompts(jsonl(pair(labels=labels)))

    assert read[0].labels == (
        ImportedLabel("anonymous 1", FIRST),
        ImportedLabel("alice", SECOND),
        ImportedLabel("anonymous 3", BOTH_BAD),
    )


def test_a_conversation_keeps_its_turns() -> None:
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "Name a prime."},
    ]

    read = prompts(jsonl(pair(prompt=turns)))

    assert read[0].messages == tuple(Message(turn["role"], turn["content"]) for turn in turns)


def test_an_empty_response_is_real_data() -> None:
    read = prompts(jsonl(pair(response_b="")))

    assert read[0].responses == (ImportedResponse("Seven."), ImportedResponse(""))


@pytest.mark.parametrize(
    "text", ["  \n two lines\n\n", "e\u0301 stays NFD", "\u202eright to left\u202c", "zero\u200bwidth", "рaypal"]
)
def test_texts_are_kept_to_the_character(text: str) -> None:
    read = prompts(jsonl(pair(prompt=text, response_a=text)))

    assert read[0].messages[0].content == read[0].responses[0].text == text


def test_null_is_the_same_as_absent_where_a_field_may_be_absent() -> None:
    row = pair() | {"id": None, "source_a": None, "labels": None, "tags": None}

    assert found(jsonl(row)) == []


def test_names_lose_their_outer_space() -> None:
    read = prompts(jsonl(pair(id=" p-1 ", source_a=" terse\n", labels=[{"annotator": " alice", "preferred": "a"}])))

    assert (read[0].external_id, read[0].responses[0].source, read[0].labels[0].annotator) == ("p-1", "terse", "alice")


def test_unknown_fields_are_kept_as_metadata_under_their_path() -> None:
    row = pair(category_a="pun", labels=[{"preferred": "a", "mood": "sour"}], metadata={"seen": True})

    read = prompts(jsonl(row))

    assert read[0].metadata == {"seen": True, "category_a": "pun", "labels[0].mood": "sour"}


def test_each_unknown_field_is_warned_of_once_per_file() -> None:
    rows = [
        pair(prompt=f"{n}?", mood=n, labels=[{"preferred": "a", "why": n}, {"preferred": "b", "why": n}])
        for n in range(3)
    ]

    told = warnings(jsonl(*rows))

    assert [(warning.line, warning.field, warning.code) for warning in told] == [
        (1, "labels[].why", "W_UNKNOWN_FIELD"),
        (1, "mood", "W_UNKNOWN_FIELD"),
    ]


def test_a_thousand_unknown_fields_are_warned_of_a_hundred_times() -> None:
    rows = [pair(prompt=f"{n}?", **{f"field{n}-{i}": 1 for i in range(100)}) for n in range(10)]

    assert 90 <= len(warnings(jsonl(*rows))) <= 101
    assert len(prompts(jsonl(*rows))) == 10


@pytest.mark.parametrize("key", ["__proto__", "constructor", "_connector", "__class__", "id__in"])
def test_keys_that_are_orders_elsewhere_are_plain_metadata(key: str) -> None:
    read = prompts(jsonl(pair(**{key: {"polluted": True}})))

    assert read[0].metadata == {key: {"polluted": True}}
