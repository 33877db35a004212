"""What Markdown becomes: blocks with their own direction, inert links, blocked images, classes for styles."""

import pytest

from annotate.render import render_markdown
from tests.annotate.render.reader import Reader, elements


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


def test_each_block_finds_its_own_direction() -> None:
    html = render_markdown("שלום\n\n# hello\n\n- مرحبا\n\n| a |\n|---|\n| ש |\n\n`x` y\n\n\u202eunclosed")

    with_text = {"p", "h3", "li", "th", "td", "code"}
    assert all(attributes["dir"] == "auto" for tag, attributes in Reader(html).elements if tag in with_text)
    assert {tag for tag, _ in Reader(html).elements} >= with_text


def test_reordering_characters_are_kept_as_they_are() -> None:
    text = "user\u202e.txt\u2066 e\u0301"

    assert Reader(render_markdown(text)).text.strip() == text


def test_ten_levels_of_list_are_formatted_and_complete() -> None:
    html = render_markdown("".join("  " * depth + f"- item{depth}\n" for depth in range(10)))

    assert len(elements(html, "li")) == 10
    assert "item9" in html
