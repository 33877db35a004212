"""Texts past the limits are shown whole and unformatted, and the same text always gives the same HTML."""

import pytest

from annotate.render import MAX_TEXT_BYTES, render_markdown, render_markdown_cached
from tests.annotate.render.reader import Reader, elements


def test_a_text_over_the_limit_is_shown_whole_and_unformatted() -> None:
    text = "**" + "é" * (MAX_TEXT_BYTES // 2) + "**<script>"

    html = render_markdown(text)

    assert elements(html, "pre") == [{"class": "plain", "dir": "auto"}]
    assert Reader(html).text == text


def test_a_text_at_the_limit_is_formatted() -> None:
    html = render_markdown("**" + "x" * (MAX_TEXT_BYTES - 4) + "**")

    assert len(elements(html, "strong")) == 1


@pytest.mark.parametrize(
    "text",
    [
        ">" * 5000 + " deep",
        "".join("  " * depth + "- item\n" for depth in range(100)),
        "*a " * 9000 + "a*" * 9000,
    ],
)
def test_a_text_nested_past_any_honest_use_is_shown_whole_and_unformatted(text: str) -> None:
    html = render_markdown(text)

    assert [tag for tag, _ in Reader(html).elements] == ["pre"]
    assert Reader(html).text.lstrip("\n") == text


def test_a_table_that_would_grow_past_the_limit_is_shown_unformatted() -> None:
    text = "|" + "a|" * 100 + "\n|" + "-|" * 100 + "\n" + "x\n" * 600

    html = render_markdown(text)

    assert len(elements(html, "pre")) == 1


def test_rendering_is_deterministic_and_the_cached_form_gives_the_same() -> None:
    text = "# T\n\n$x$ ![i](https://evil.example) `c` **b**\n\n```python\nx = 1\n```"

    first, second, cached = render_markdown(text), render_markdown(text), render_markdown_cached(text)

    assert first == second == cached
