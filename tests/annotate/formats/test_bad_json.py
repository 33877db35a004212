"""Lines that are no JSON object, or one that says something no row may say."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.formats.rows import ImportedPrompt, RowError, RowWarning
from tests.annotate.formats.files import errors, found, jsonl, pair, prompts, read, storable

GOOD = jsonl(pair())


def line(inside: str) -> bytes:
    """Return a good pair with more text before its closing brace, byte for byte."""
    return GOOD.rstrip(b"}\n") + b", " + inside.encode() + b"}\n"


@pytest.mark.parametrize(
    "text",
    [
        '{"prompt": "x",}',
        '{"prompt": "x" /* why */}',
        '{"prompt": "x"} // why',
        "# a comment",
        "{'prompt': 'x'}",
        "{prompt: 1}",
        '{"prompt": "x"}{"prompt": "y"}',
        "{",
        "}",
        '"unclosed',
        "nul",
        "\ufeff{}",
        "prompt,response_a,response_b",
        "{\x00}",
        '{"prompt": undefined}',
        '{"n": 01}',
        '{"n": +1}',
        '{"s": "\\x41"}',
        '{"s": "\\ud83d',
    ],
)
def test_broken_json_is_an_error_with_its_column(text: str) -> None:
    told = errors(GOOD + text.encode() + b"\n")

    assert [(error.line, error.code) for error in told] == [(2, "E_JSON")]
    assert told[0].message.startswith("Column ")


@pytest.mark.parametrize("text", ["1", '"x"', "true", "null", "1.5", "[]", '[{"prompt": "x"}]'])
def test_a_line_that_is_no_object_is_an_error(text: str) -> None:
    assert found(GOOD + text.encode() + b"\n") == [(2, "", "E_NOT_OBJECT")]


@pytest.mark.parametrize("data", [b'[{"prompt": "x"}]', b'\n  [\n  {"prompt": "x"},\n', b"[]"])
def test_a_json_array_gets_a_hint_and_ends_the_reading(data: bytes) -> None:
    told = errors(data)

    assert [error.code for error in told] == ["E_JSON_ARRAY"]
    assert "jq" in told[0].message


def test_a_key_that_stands_twice_is_refused_wherever_it_stands() -> None:
    assert found(line('"prompt": "again"')) == [(1, "prompt", "E_DUPLICATE_KEY")]
    assert found(line('"metadata": {"deep": {"k": 1, "k": 1}}')) == [(1, "k", "E_DUPLICATE_KEY")]


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9223372036854775808", "-9223372036854775808", "7" * 5000],
)
def test_numbers_that_cannot_be_stored_are_refused(number: str) -> None:
    assert [code for _, _, code in found(line(f'"metadata": {{"n": {number}}}'))] == ["E_NUMBER"]


def test_numbers_at_the_edge_are_kept() -> None:
    read_rows = prompts(line('"n": 9223372036854775807, "f": 1e308, "z": -0.0'))

    assert read_rows[0].metadata == {"n": 9223372036854775807, "f": 1e308, "z": -0.0}


@pytest.mark.parametrize(
    "brackets", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 50_000 + "1" + "}" * 50_000]
)
def test_deep_nesting_is_refused_before_it_is_parsed(brackets: str) -> None:
    assert found(line(f'"metadata": {brackets}')) == [(1, "", "E_DEPTH")]


def test_nesting_up_to_the_limit_is_read() -> None:
    assert found(line('"x": ' + "[" * 19 + "]" * 19)) == []
    assert found(line('"x": ' + "[" * 20 + "]" * 20)) == [(1, "", "E_DEPTH")]


@pytest.mark.parametrize("text", ["[" * 50_000, '\\"[{' * 10_000, '"[' * 1000, "\\" * 999 + "[" * 99, "]}" * 9999])
def test_brackets_in_a_text_are_no_nesting(text: str) -> None:
    assert prompts(jsonl(pair(response_a=text)))[0].responses[0].text == text


def test_a_million_keys_are_refused() -> None:
    keys = ",".join(f'"{n}":0' for n in range(100_000))

    assert found(line(f'"metadata": {{{keys}}}')) == [(1, "", "E_KEYS")]


@pytest.mark.parametrize(
    ("escaped", "code"),
    [
        ("\\u0000", "E_CONTROL"),
        ("\\u0007", "E_CONTROL"),
        ("\\b", "E_CONTROL"),
        ("\\f", "E_CONTROL"),
        ("\\u001b[31m", "E_CONTROL"),
        ("\\ud800", "E_SURROGATE"),
        ("\\udfff x", "E_SURROGATE"),
        ("\\ude00\\ud83d", "E_SURROGATE"),
    ],
)
@pytest.mark.parametrize(
    ("template", "field"),
    [
        ('"tags": ["%s"]', "tags[0]"),
        ('"metadata": {"deep": [{"text": "%s"}]}', "metadata.deep[0].text"),
        ('"note": "x%sx"', "note"),
    ],
)
def test_characters_that_cannot_be_stored_are_refused_wherever_they_stand(
    escaped: str, code: str, template: str, field: str
) -> None:
    assert (1, field, code) in found(line(template % escaped))


@pytest.mark.parametrize("escaped", ["\\u0000", "\\ud800", "\\u0001\\udfff"])
def test_a_bad_key_is_refused_and_quoted_so_that_the_report_can_be_stored(escaped: str) -> None:
    told = errors(line(f'"{escaped}key": 1, "id": "{escaped}", "{escaped}": 2, "{escaped}": 3'))

    assert {error.code for error in told} >= {"E_DUPLICATE_KEY"}
    assert all(storable(error) for error in told)


@pytest.mark.parametrize("byte", [b"\x00", b"\x01", b"\x0b", b"\x1f", b"\t"])
def test_a_raw_control_character_in_a_string_is_refused(byte: bytes) -> None:
    assert found(GOOD + b'{"prompt": "a' + byte + b'b"}\n') == [(2, "", "E_CONTROL")]


@pytest.mark.parametrize(
    "text", ["tab\tnewline\nreturn\r", "\x7f", "\u0085", "😀", "\U0010ffff", "a\\ud800b", "\\u0000"]
)
def test_other_characters_are_kept(text: str) -> None:
    data = json.dumps(pair(response_a=text)).encode() + b"\n"

    assert prompts(data)[0].responses[0].text == text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
fields = st.sampled_from(
    ["id", "prompt", "response_a", "response_b", "responses", "source_a", "labels", "tags", "metadata", "group", "role"]
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=60) | st.sampled_from([GOOD, b"\n", b"\x1f\x8b", b"\xff\xfe", b"{}"]), max_size=6))
def test_no_bytes_raise_anything(pieces: list[bytes]) -> None:
    outcome = read(b"".join(pieces))

    assert outcome
    assert all(isinstance(row, ImportedPrompt | RowError | RowWarning) for row in outcome)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(st.dictionaries(fields, json_values, max_size=8), st.booleans())
def test_any_object_becomes_a_row_or_an_error_and_never_both(changes: dict[str, object], with_pair: bool) -> None:
    data = json.dumps({**(pair() if with_pair else {}), **changes}).encode() + b"\n"

    outcome = read(data)

    assert {type(row) for row in outcome} - {RowWarning} in ({ImportedPrompt}, {RowError})
    assert all(storable(row) for row in outcome if not isinstance(row, ImportedPrompt))
