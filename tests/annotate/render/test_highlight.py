"""Fenced code is coloured by classes that the generated stylesheet knows."""

import re
from pathlib import Path

import pytest
from pygments.styles import get_style_by_name
from pygments.token import STANDARD_TYPES

from annotate.render import code_css, render_markdown
from annotate.render.highlight import DARK_STYLE, LIGHT_STYLE
from tests.annotate.render.reader import Reader, elements

STYLESHEET = Path(__file__).parents[3] / "static" / "css" / "code.css"


def test_fenced_code_is_coloured_by_classes_and_reads_left_to_right() -> None:
    html = render_markdown("```python\ndef f(x):\n    return x\n```")

    assert elements(html, "pre") == [{"class": "code", "dir": "ltr"}]
    assert {"class": "k"} in elements(html, "span")
    assert Reader(html).text.strip() == "def f(x):\n    return x"


@pytest.mark.parametrize("language", ["", "no-such-language", "makefile"])
def test_code_in_an_unknown_language_is_shown_without_colours(language: str) -> None:
    html = render_markdown(f"```{language}\nx <b>\n```")

    assert html.strip() == '<pre class="code" dir="ltr"><code>x &lt;b&gt;\n</code></pre>'


@pytest.mark.parametrize("code", ["x = 1\n" * 2000, "x" * 500, "x\n" + "\n" * 20 + "y"])
def test_code_that_could_keep_a_lexer_busy_is_shown_without_colours(code: str) -> None:
    html = render_markdown(f"```python\n{code}\n```")

    assert elements(html, "span") == []
    assert Reader(html).text.strip() == code.strip()


def test_every_class_of_coloured_code_is_in_the_stylesheet() -> None:
    styled = set(re.findall(r"\.code \.(\w+)", code_css()))

    assert styled == {name for name in STANDARD_TYPES.values() if name not in ("", "w", "err")}


def test_the_stylesheet_in_static_is_the_generated_one() -> None:
    assert STYLESHEET.read_text() == code_css()


@pytest.mark.parametrize(("style", "ground"), [(LIGHT_STYLE, "f6f8fa"), (DARK_STYLE, "1b1f27")])
def test_code_colours_keep_the_contrast_that_wcag_asks_for(style: str, ground: str) -> None:
    style_for = get_style_by_name(style).style_for_token

    colours = {style_for(token)["color"] for token, name in STANDARD_TYPES.items() if f".code .{name}" in code_css()}

    assert min(contrast(colour, ground) for colour in colours if colour) >= 4.5


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
