"""What comes out of `annotate.render` is safe, complete and the same every time."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.styles import get_style_by_name
from pygments.token import STANDARD_TYPES

from annotate.render import MAX_HTML_CHARS, MAX_TEXT_BYTES, code_css, render_markdown, render_markdown_cached
from annotate.render.allowed import ATTRIBUTE_VALUES, ATTRIBUTES, CLASSES, MATHML_TAGS, TAGS, clean_html
from annotate.render.highlight import DARK_STYLE, LIGHT_STYLE
from tests.annotate.hostile_texts import HOSTILE_TEXTS

STYLESHEET = Path(__file__).parents[2] / "static" / "css" / "code.css"
VOID = {"br", "hr"}
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


class Reader(HTMLParser):
    """Collect elements and text, and every violation of the allow list or of nesting."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.violations: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.violations += [f"<{tag}> is left open" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag not in TAGS | MATHML_TAGS:
            self.violations.append(f"<{tag}>")
        self.violations += [
            f"<{tag} {name}={value}>" for name, value in attributes.items() if not allowed(tag, name, value)
        ]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.violations.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.violations.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.violations.append(f"declaration {decl}")

    def handle_pi(self, data: str) -> None:
        self.violations.append(f"instruction {data}")


def allowed(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return set(value.split()) <= CLASSES.get(tag, set())
    return name in ATTRIBUTES.get(tag, set()) or value in ATTRIBUTE_VALUES.get(tag, {}).get(name, set())


def elements(html: str, tag: str) -> list[dict[str, str]]:
    return [attributes for name, attributes in Reader(html).elements if name == tag]


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


def test_raw_html_is_shown_as_the_text_it_is() -> None:
    text = "<script>alert(1)</script> <b onclick=x>bold</b>"

    html = render_markdown(text)

    assert Reader(html).text.strip() == text
    assert {tag for tag, _ in Reader(html).elements} == {"p"}


def test_a_remote_image_becomes_a_note_with_its_host() -> None:
    html = render_markdown("before ![a chart](https://user:secret@Evil.example:8080/p.png?id=7) after")

    assert Reader(html).text.strip() == "before [image blocked: evil.example] after"
    assert elements(html, "span") == [{"class": "blocked-image", "title": "a chart"}]
    assert "secret" not in html


@pytest.mark.parametrize(
    ("address", "note"),
    [
        ("/static/p.png", "no host"),
        ("http://[::1", "http:"),
        ("data:image/png;base64,iVBORw0KGgo=", "data:"),
    ],
)
def test_an_image_without_a_host_says_what_there_is(address: str, note: str) -> None:
    html = render_markdown(f"![x]({address})")

    assert Reader(html).text.strip() == f"[image blocked: {note}]"


def test_a_link_is_its_text_with_the_address_beside_it() -> None:
    html = render_markdown('[read *this*](https://evil.example/a?b=1&c "a title")')

    assert Reader(html).text.strip() == "read this"
    assert elements(html, "span") == [{"class": "link", "title": "https://evil.example/a?b=1&c"}]


def test_a_bare_address_stays_text() -> None:
    html = render_markdown("see https://evil.example and www.evil.example")

    assert html.strip() == '<p dir="auto">see https://evil.example and www.evil.example</p>'


@pytest.mark.parametrize("text", ["", "  \n\t", "\u200b\u2060\ufeff", "\u00a0"])
def test_a_response_with_nothing_to_see_says_that_it_is_empty(text: str) -> None:
    assert render_markdown(text) == '<p class="empty">(empty response)</p>'


def test_line_breaks_are_kept() -> None:
    html = render_markdown("an old silent pond\na frog jumps into the pond")

    assert len(elements(html, "br")) == 1


def test_headings_leave_the_first_two_levels_to_the_page() -> None:
    html = render_markdown("# One\n\n## Two\n\n###### Six")

    found = [(tag, attributes["class"]) for tag, attributes in Reader(html).elements]
    assert found == [("h3", "level-1"), ("h4", "level-2"), ("h6", "level-6")]


def test_table_columns_are_aligned_by_class() -> None:
    html = render_markdown("| l | c | r | n |\n|:--|:-:|--:|---|\n| 1 | 2 | 3 | 4 |")

    expected = [{"dir": "auto", "class": f"align-{side}"} for side in ("left", "center", "right")] + [{"dir": "auto"}]
    assert elements(html, "th") == expected
    assert elements(html, "td") == expected
    assert "style" not in html


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


def test_each_block_finds_its_own_direction() -> None:
    html = render_markdown("שלום\n\n# hello\n\n- مرحبا\n\n| a |\n|---|\n| ש |\n\n`x` y\n\n\u202eunclosed")

    with_text = {"p", "h3", "li", "th", "td", "code"}
    assert all(attributes["dir"] == "auto" for tag, attributes in Reader(html).elements if tag in with_text)
    assert {tag for tag, _ in Reader(html).elements} >= with_text


def test_reordering_characters_are_kept_as_they_are() -> None:
    text = "user\u202e.txt\u2066 e\u0301"

    assert Reader(render_markdown(text)).text.strip() == text


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


def test_ten_levels_of_list_are_formatted_and_complete() -> None:
    html = render_markdown("".join("  " * depth + f"- item{depth}\n" for depth in range(10)))

    assert len(elements(html, "li")) == 10
    assert "item9" in html


@pytest.mark.parametrize(
    "piece", ["[", "![", "`", "*a", "<", "$a ", "$$a\n#\n", "\\(", "\\[a\n", "$x$", "|\n", "a|b\n-|-\n", "&"]
)
def test_a_text_of_nothing_but_markup_stays_bounded(piece: str) -> None:
    text = piece * (MAX_TEXT_BYTES // len(piece))

    html = render_markdown(text)

    assert len(html) <= MAX_HTML_CHARS
    assert Reader(html).violations == []


def test_a_table_that_would_grow_past_the_limit_is_shown_unformatted() -> None:
    text = "|" + "a|" * 100 + "\n|" + "-|" * 100 + "\n" + "x\n" * 600

    html = render_markdown(text)

    assert len(elements(html, "pre")) == 1


def test_rendering_is_deterministic_and_the_cached_form_gives_the_same() -> None:
    text = "# T\n\n$x$ ![i](https://evil.example) `c` **b**\n\n```python\nx = 1\n```"

    first, second, cached = render_markdown(text), render_markdown(text), render_markdown_cached(text)

    assert first == second == cached


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
