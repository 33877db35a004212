"""The demo file holds what its README says: counts, shapes and the habit of each pretend system."""

import json
import re
from collections import defaultdict
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest

DEMO = Path(__file__).parents[2] / "annotate" / "demo"
SOURCES = {"terse-1", "verbose-2", "confident-1", "hedger-1", "formatter-2"}

ASSURANCE = re.compile(
    r"\b(always|never|exactly|certainly|definitely|obviously|clearly|absolutely|of course|perfect"
    r"|everyone knows|(no|any|without) (doubt|question)|guaranteed|trust me|literally|nobody"
    r"|natürlich|eindeutig|por supuesto|sin duda)\b|بالتأكيد|ברור",
    re.IGNORECASE,
)
DOUBT = re.compile(
    r"\b(might|may|could|perhaps|possibly|probably|maybe|likely|seems?|depends?|I (think|believe|suppose)"
    r"|vermutlich|wohl|möglicherweise|vielleicht|quizá|tal vez|a lo mejor|puede|probablemente)\b"
    r"|ربما|أظن|قد ",
    re.IGNORECASE,
)
MARKUP = re.compile(r"^(```|#|- |> |\|)|\*\*|\$", re.MULTILINE)
RIGHT_TO_LEFT = re.compile("[\u0590-\u05ff\u0600-\u06ff]")


def rows() -> list[dict[str, Any]]:
    # Split on \n alone: str.splitlines would also cut at the separators that texts may hold.
    text = (DEMO / "preferences.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.removesuffix("\n").split("\n")]


def texts_by_source() -> dict[str, list[str]]:
    texts = defaultdict(list)
    for row in rows():
        for response in row["responses"]:
            texts[response["source"]].append(response["text"])
    return dict(texts)


def all_texts() -> list[str]:
    return [response["text"] for row in rows() for response in row["responses"]]


def n_words(text: str) -> int:
    return len(text.split())


def share(pattern: re.Pattern[str], texts: list[str]) -> float:
    return mean(bool(pattern.search(text)) for text in texts)


def test_readme_states_the_counts_of_the_file() -> None:
    n_responses = [len(row["responses"]) for row in rows()]
    n_pairs = sum(n * (n - 1) // 2 for n in n_responses)

    readme = (DEMO / "README.md").read_text(encoding="utf-8")

    assert f"{len(n_responses)} prompts with {sum(n_responses)} responses ({n_pairs} pairs)" in readme


def test_there_are_enough_prompts_to_see_learning() -> None:
    assert len(rows()) >= 66
    assert len(all_texts()) >= 220


def test_every_row_has_exactly_the_documented_fields() -> None:
    for row in rows():
        assert row.keys() == {"id", "prompt", "responses", "tags"}
        assert all(response.keys() == {"text", "source"} for response in row["responses"])


def test_ids_are_unique_slugs() -> None:
    ids = [row["id"] for row in rows()]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"demo:[a-z0-9]+(-[a-z0-9]+)*", id_) for id_ in ids)


def test_prompts_are_unique_and_not_blank() -> None:
    prompts = [json.dumps(row["prompt"]) for row in rows()]

    assert len(set(prompts)) == len(prompts)
    assert all(isinstance(row["prompt"], list) or row["prompt"].strip() for row in rows())


def test_every_prompt_has_two_to_four_distinct_responses_of_distinct_sources() -> None:
    for row in rows():
        texts = {response["text"] for response in row["responses"]}
        sources = {response["source"] for response in row["responses"]}

        assert 2 <= len(row["responses"]) <= 4, row["id"]
        assert len(texts) == len(sources) == len(row["responses"]), row["id"]


def test_every_prompt_has_tags() -> None:
    assert all(row["tags"] and all(tag == tag.strip().lower() for tag in row["tags"]) for row in rows())


def test_conversations_take_turns_and_end_with_the_user() -> None:
    conversations = [row["prompt"] for row in rows() if isinstance(row["prompt"], list)]

    assert len(conversations) >= 5
    for messages in conversations:
        roles = [message["role"] for message in messages]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
        assert all(message["content"].strip() for message in messages)


def test_antarctica_has_a_correct_and_a_silly_response() -> None:
    antarctica = next(row for row in rows() if row["id"] == "demo:antarctica")

    texts = {response["source"]: response["text"] for response in antarctica["responses"]}

    assert antarctica["prompt"] == "Which country owns Antarctica?"
    assert texts["formatter-2"].startswith("**No country owns Antarctica.**")
    assert "emperor penguins own Antarctica" in texts["confident-1"]


def test_one_response_is_empty() -> None:
    assert all_texts().count("") == 1


def test_some_texts_run_from_right_to_left() -> None:
    assert sum(bool(RIGHT_TO_LEFT.search(text)) for text in all_texts()) >= 5


def test_texts_hold_no_control_characters_and_no_stray_blanks_around_them() -> None:
    for text in all_texts():
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text), text
        assert text == text.strip()


def test_every_code_block_is_closed_and_names_its_language() -> None:
    for text in all_texts():
        fences = re.findall(r"^```(.*)$", text, re.MULTILINE)

        assert len(fences) % 2 == 0, text
        assert all(fences[0::2]), text
        assert not any(fences[1::2]), text


def test_every_python_block_compiles() -> None:
    blocks = [b for text in all_texts() for b in re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)]

    assert len(blocks) >= 4
    for block in blocks:
        compile(block, "demo", "exec")


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_source_responds_to_many_prompts(source: str) -> None:
    texts = texts_by_source()

    assert texts.keys() == SOURCES
    assert len(texts[source]) >= 30


def test_the_terse_system_uses_few_words() -> None:
    lengths = [n_words(text) for text in texts_by_source()["terse-1"]]

    assert median(lengths) <= 10
    assert max(lengths) <= 30


def test_the_verbose_system_always_writes_most() -> None:
    for row in rows():
        lengths = {response["source"]: n_words(response["text"]) for response in row["responses"]}
        if "verbose-2" in lengths:
            assert 120 <= lengths["verbose-2"] <= 180, row["id"]
            assert max(lengths, key=lambda source: lengths[source]) == "verbose-2", row["id"]


def test_the_confident_system_sounds_sure_and_the_others_mostly_do_not() -> None:
    shares = {source: share(ASSURANCE, texts) for source, texts in texts_by_source().items()}

    assert shares.pop("confident-1") >= 0.9
    assert max(shares.values()) <= 0.5


def test_the_hedging_system_doubts_several_times_a_response() -> None:
    doubts = {source: mean(len(DOUBT.findall(text)) for text in texts) for source, texts in texts_by_source().items()}

    assert doubts.pop("hedger-1") >= 4
    assert max(doubts.values()) <= 1


def test_the_formatting_system_always_uses_markup_and_the_others_hardly_ever() -> None:
    shares = {source: share(MARKUP, texts) for source, texts in texts_by_source().items()}

    assert shares.pop("formatter-2") == 1
    assert max(shares.values()) <= 0.15
