"""Colour fenced code by classes, and write the stylesheet for those classes."""

import html
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_by_name
from pygments.styles import get_style_by_name
from pygments.token import STANDARD_TYPES

# Every other language is shown uncoloured. C# and makefiles are left out because their lexers take seconds for a few
# thousand hostile characters; with those listed, the limits below and MAX_COLOURED_CHARS in `markdown`, the worst
# found was 1.5 s (java, 2 cores, 2026-11).
LANGUAGES = (
    "bash", "c", "console", "cpp", "css", "diff", "docker", "go", "haskell", "html", "ini", "java", "javascript",
    "json", "kotlin", "lua", "php", "powershell", "python", "r", "ruby", "rust", "scala", "sql", "swift", "toml",
    "typescript", "xml", "yaml",
)  # fmt: skip
_COSTLY = re.compile(r"[^\n]{400}|(?:\n[ \t]*+){8}")
# Chosen because every colour keeps a contrast of 4.5 or more on a pale and on a near-black ground.
LIGHT_STYLE, DARK_STYLE = "xcode", "github-dark"
_UNCOLOURED = {"", "w", "err"}


def code_html(code: str, language: str, *, colour: bool) -> str:
    """Return `code` as a block that reads left to right whatever surrounds it."""
    lexer = _lexer_classes().get(language.lower()) if colour else None
    if lexer is None or _COSTLY.search(code):
        body = html.escape(code)
    else:
        body = highlight(code, lexer(stripnl=False), HtmlFormatter(nowrap=True))
    return f'<pre class="code" dir="ltr"><code>{body}</code></pre>\n'


def code_css() -> str:
    """Return static/css/code.css; the page's `color-scheme` decides between the light and the dark colour."""
    light, dark = get_style_by_name(LIGHT_STYLE), get_style_by_name(DARK_STYLE)
    selectors: dict[str, list[str]] = defaultdict(list)
    for token, name in STANDARD_TYPES.items():
        if name not in _UNCOLOURED:
            declarations = _declarations(light.style_for_token(token), dark.style_for_token(token))
            selectors[declarations].append(f".code .{name}")
    rules = [f"{', '.join(names)} {{ {declarations} }}\n" for declarations, names in selectors.items()]
    return "/* Written by annotate.render.code_css(); a test keeps it so. */\n" + "".join(rules)


@lru_cache(maxsize=1)
def _lexer_classes() -> dict[str, type[Lexer]]:
    classes = [find_lexer_class_by_name(name) for name in LANGUAGES]
    return {alias: lexer for lexer in classes for alias in lexer.aliases}


def _declarations(light: Mapping[str, Any], dark: Mapping[str, Any]) -> str:
    parts = [f"color: light-dark(#{light['color'] or '000000'}, #{dark['color'] or 'e6edf3'});"]
    parts += ["font-weight: 600;"] if dark["bold"] else []
    parts += ["font-style: italic;"] if dark["italic"] else []
    return " ".join(parts)
