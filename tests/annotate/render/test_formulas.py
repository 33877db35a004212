"""LaTeX becomes MathML, and what is no formula or no good one stays text."""

import pytest

from annotate.render import render_markdown
from tests.annotate.render.reader import Reader, elements


@pytest.mark.parametrize(
    "text", ["$x^2$", "$$x^2$$", r"\(x^2\)", r"\[x^2\]", "a\n\\[\nx^2\n\\]\nb", "> $$\n> x^2\n> $$"]
)
def test_latex_becomes_mathml_whatever_its_delimiters(text: str) -> None:
    html = render_markdown(text)

    assert [attributes["alttext"] for attributes in elements(html, "math")] == ["x^2"]
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in html


@pytest.mark.parametrize(
    ("text", "display"), [("$x$", "inline"), (r"\(x\)", "inline"), ("$$x$$", "block"), (r"a \[x\]", "block")]
)
def test_display_formulas_are_told_from_inline_ones(text: str, display: str) -> None:
    assert [attributes["display"] for attributes in elements(render_markdown(text), "math")] == [display]


def test_a_display_formula_is_not_read_as_markdown() -> None:
    html = render_markdown("\\[\n- x\n= 5\n\\]")

    assert [tag for tag, _ in Reader(html).elements if tag in ("ul", "h3", "h4")] == []
    assert len(elements(html, "math")) == 1


def test_aligned_equations_become_rows() -> None:
    html = render_markdown("$$\n\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}\n$$")

    assert len(elements(html, "mtr")) == 2


@pytest.mark.parametrize(
    "text", ["costs $5 or $10", "from US$100 to US$200", "5$ and 10$", "a \\$x\\$ b", "`$x$`", "\\\\(x\\\\)"]
)
def test_money_escapes_and_code_are_not_formulas(text: str) -> None:
    assert elements(render_markdown(text), "math") == []


@pytest.mark.parametrize(
    "source",
    [
        r"\frac{",
        r"\left( x",
        "{" * 80 + "x" + "}" * 80,
        r"\sqrt" * 390 + " x",
        r"\newcommand{\a}{\a\a}\a",
        r"\href{https://evil.example}{x}",
        "x" * 2001,
    ],
)
def test_a_formula_that_cannot_be_converted_is_shown_as_its_source(source: str) -> None:
    html = render_markdown(f"a ${source}$ b")

    assert Reader(html).text.strip() == f"a ${source}$ b"
    assert elements(html, "code") == [{"class": "formula-source", "dir": "auto"}]


def test_markup_inside_a_formula_is_text() -> None:
    html = render_markdown(r"$\text{<b>&#x3c;i></b>}$")

    assert Reader(html).text.strip() == "<b><i></b>"
    assert elements(html, "b") == elements(html, "i") == []


def test_lengths_in_a_formula_cannot_reach_beyond_it() -> None:
    html = render_markdown(r"$a \hspace{-50em} b \hspace{0.5em} c$")

    assert elements(html, "mspace") == [{}, {"width": "0.5em"}]


def test_formulas_past_the_five_hundredth_are_shown_as_their_source() -> None:
    html = render_markdown("$x$ " * 501)

    assert len(elements(html, "math")) == 500
    assert len(elements(html, "code")) == 1
