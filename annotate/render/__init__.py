"""Render a prompt or a response, which is untrusted text, as safe HTML; what a page does with it lives elsewhere.

Markdown, tables, code and LaTeX are turned into HTML, and `clean_html` lets through only what it lists. The time is
bounded by construction: texts over 64 KiB, texts nested past any honest use, and texts whose HTML grows past 512 KiB
are shown as they are, unformatted.
"""

import html
import re
from functools import lru_cache

from annotate.render.allowed import clean_html
from annotate.render.highlight import code_css
from annotate.render.invisible import count_invisible
from annotate.render.markdown import markdown_html

__all__ = [
    "MAX_HTML_CHARS",
    "MAX_TEXT_BYTES",
    "code_css",
    "count_invisible",
    "render_markdown",
    "render_markdown_cached",
]

MAX_TEXT_BYTES = 64 * 1024
MAX_HTML_CHARS = 512 * 1024
EMPTY = '<p class="empty">(empty response)</p>'
_NOTHING_VISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*")


def render_markdown(text: str) -> str:
    """Return `text` as HTML that can stand inside a page; the same text always gives the same HTML."""
    if _NOTHING_VISIBLE.fullmatch(text):
        return EMPTY
    encoded = text.encode("utf-8", "replace")
    text = encoded.decode()
    formatted = markdown_html(text) if len(encoded) <= MAX_TEXT_BYTES else None
    if formatted is None or len(formatted) > MAX_HTML_CHARS:
        return _plain(text)
    return clean_html(formatted)


render_markdown_cached = lru_cache(maxsize=256)(render_markdown)


def _plain(text: str) -> str:
    return clean_html(f'<pre class="plain" dir="auto">\n{html.escape(text)}</pre>')
