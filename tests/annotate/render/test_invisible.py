"""What counts as an invisible character, on the server and in the browser."""

import re
import unicodedata

import pytest

from annotate.render import count_invisible
from annotate.render.invisible import INVISIBLE
from tests.source import ROOT


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("", 0),
        ("plain words, naïve café, 日本語", 0),
        ("zero\u200bwidth", 1),
        ("\u202eevil\u202c", 2),
        ("soft\u00adhyphen and \ufeffBOM", 2),
        ("tags \U000e0041\U000e0042", 2),
        ("a family: \U0001f468\u200d\U0001f469\u200d\U0001f467", 0),
        ("a heart: \u2764\ufe0f", 0),
        ("joined letters: क\u200dष", 1),
    ],
)
def test_invisible_characters_are_counted_and_emoji_are_not(text: str, n: int) -> None:
    assert count_invisible(text) == n


def test_every_format_character_of_unicode_counts() -> None:
    visible_though_format = {0x0600, 0x0601, 0x0602, 0x0603, 0x0604, 0x0605, 0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2}
    letters_of_scripts = range(
        0x10000, 0xE0000
    )  # shorthand, musical and other signs that are drawn with their neighbours
    formats = [code for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"]
    expected = [
        code
        for code in formats
        if code not in visible_though_format and code not in letters_of_scripts and not 0xFFF9 <= code <= 0xFFFB
    ]

    assert [hex(code) for code in expected if not count_invisible(f"a{chr(code)}b")] == []


def test_the_browser_marks_the_same_characters() -> None:
    script = (ROOT / "static" / "js" / "invisible.js").read_text()
    written = re.search(r"INVISIBLE = /\[(.*)\]/gu", script)

    assert written
    as_in_python = re.sub(r"\\u\{(e0\w+)\}", r"\\U000\1", written[1])
    assert as_in_python == INVISIBLE
