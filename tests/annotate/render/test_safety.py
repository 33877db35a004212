"""Hostile text comes out of `render_markdown` as elements of the allow list and as text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.render import MAX_HTML_CHARS, MAX_TEXT_BYTES, render_markdown
from annotate.render.allowed import ATTRIBUTE_VALUES, ATTRIBUTES, MATHML_TAGS, TAGS, clean_html
from tests.annotate.render.hostile_texts import HOSTILE_TEXTS
from tests.annotate.render.reader import Reader

MARKUP = [
    "\n",
    "\n\n",
    "> ",
    "- ",
    "1. ",
    "`",
    "```",
    "~~",
    "$",
    "$$",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "*",
    "_",
    "[",
    "](",
    "![",
    "<",
    ">",
    "|",
    "|-|\n",
    "# ",
    "    ",
    "&",
]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_hostile_text_comes_out_with_nothing_outside_the_allow_list(text: str) -> None:
    html = render_markdown(text)

    assert Reader(html).violations == []


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(MARKUP + HOSTILE_TEXTS), max_size=25).map("".join))
def test_hostile_texts_torn_and_joined_come_out_clean_too(text: str) -> None:
    html = render_markdown(text)

    assert Reader(html).violations == []
    assert clean_html(html) == html


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_cleaning_the_rendered_text_again_changes_nothing(text: str) -> None:
    html = render_markdown(text)

    assert clean_html(html) == html


def test_there_are_at_least_a_hundred_hostile_texts_and_no_two_alike() -> None:
    assert len(set(HOSTILE_TEXTS)) == len(HOSTILE_TEXTS) >= 100


def test_the_allow_list_names_nothing_that_loads_links_styles_or_scripts() -> None:
    names = {name for allowed_names in ATTRIBUTES.values() for name in allowed_names}
    names |= {name for values in ATTRIBUTE_VALUES.values() for name in values}

    assert not names & {"href", "src", "srcset", "style", "id", "name", "action", "xlink:href", "data", "poster"}
    assert not any(name.startswith(("on", "hx-", "data-")) for name in names)
    assert not TAGS & {"a", "img", "script", "style", "svg", "iframe", "form", "input", "button", "link", "base"}
    assert not MATHML_TAGS & {"maction", "annotation-xml", "mglyph", "malignmark", "semantics"}


@pytest.mark.parametrize(
    "piece", ["[", "![", "`", "*a", "<", "$a ", "$$a\n#\n", "\\(", "\\[a\n", "$x$", "|\n", "a|b\n-|-\n", "&"]
)
def test_a_text_of_nothing_but_markup_stays_bounded(piece: str) -> None:
    text = piece * (MAX_TEXT_BYTES // len(piece))

    html = render_markdown(text)

    assert len(html) <= MAX_HTML_CHARS
    assert Reader(html).violations == []
