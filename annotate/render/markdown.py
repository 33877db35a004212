"""Markdown to HTML: which parts of CommonMark are read and how each is written; `allowed` decides what may stay."""

import html
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin

from annotate.render.brackets import bracket_formula, display_formula
from annotate.render.formulas import formula_html
from annotate.render.highlight import code_html

# The parser leaves out what is nested deeper than this, so `markdown_html` refuses two levels before.
# The time that a text of nothing but "[" needs grows with it: 1 s at 24 for 64 KiB (2 cores, 2026-11).
MAX_NESTING = 24
MAX_FORMULAS = 500
MAX_COLOURED_CHARS = 8000
_HEADING_SHIFT = 2  # The page itself owns h1 and h2.
_DIRECTED = {"paragraph_open", "list_item_open", "th_open", "td_open", "heading_open", "code_inline"}

Env = MutableMapping[str, Any]


def markdown_html(text: str) -> str | None:
    """Return HTML that still has to be cleaned, or None where the text is nested too deep to be shown formatted."""
    env: Env = {"formulas": 0, "coloured_chars": 0}
    tokens = _parser.parse(text, env)
    if any(token.level >= MAX_NESTING - 2 for token in _with_children(tokens)):
        return None
    return str(_parser.renderer.render(tokens, _parser.options, env))


def _with_children(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _adapt_tokens(state: StateCore) -> None:
    """Give each block its own direction, so that no text reorders its neighbours, and make links and styles inert."""
    for token in _with_children(state.tokens):
        if token.type in _DIRECTED:
            token.attrSet("dir", "auto")
        if token.type in ("th_open", "td_open"):
            _align_by_class(token)
        elif token.type in ("heading_open", "heading_close"):
            _lower_heading(token)
        elif token.type in ("link_open", "link_close"):
            _make_inert(token)


def _align_by_class(token: Token) -> None:
    style = token.attrs.pop("style", None)
    if isinstance(style, str):
        token.attrSet("class", style.replace("text-align:", "align-"))


def _lower_heading(token: Token) -> None:
    level = int(token.tag[1:])
    token.tag = f"h{min(6, level + _HEADING_SHIFT)}"
    if token.nesting == 1:
        token.attrSet("class", f"level-{level}")


def _make_inert(token: Token) -> None:
    address = token.attrs.get("href", "")
    token.tag = "span"
    token.attrs = {"class": "link", "title": address} if token.nesting == 1 else {}


def _image(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Env) -> str:
    token = tokens[index]
    described = renderer.renderInlineAsText(token.children or [], options, env)
    host = html.escape(_host(str(token.attrs["src"])))
    return f'<span class="blocked-image" title="{html.escape(described)}">[image blocked: {host}]</span>'


def _host(address: str) -> str:
    parts = urlsplit(address)  # Cannot fail: the parser has percent-encoded brackets and letters beyond ASCII.
    return parts.hostname or (f"{parts.scheme}:" if parts.scheme else "no host")


def _fence(_: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Env) -> str:
    code, words = tokens[index].content, unescapeAll(tokens[index].info).split()
    env["coloured_chars"] += len(code)
    return code_html(code, words[0] if words else "", colour=env["coloured_chars"] <= MAX_COLOURED_CHARS)


def _formula(_: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Env) -> str:
    env["formulas"] += 1
    token = tokens[index]
    formula = formula_html(token.content, token.markup, convert=env["formulas"] <= MAX_FORMULAS)
    return f'<div class="formula">{formula}</div>\n' if token.block else formula


def _table_open(*_: object) -> str:
    return '<div class="table"><table>\n'


def _table_close(*_: object) -> str:
    return "</table></div>\n"


def _build_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": MAX_NESTING})
    parser.enable(["table", "strikethrough"])
    parser.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
    parser.block.ruler.at("math_block", display_formula, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    parser.inline.ruler.before("escape", "bracket_formula", bracket_formula)
    parser.core.ruler.push("adapt_tokens", _adapt_tokens)
    for name in ("math_inline", "math_inline_double", "math_block"):
        parser.add_render_rule(name, _formula)
    for name in ("fence", "code_block"):
        parser.add_render_rule(name, _fence)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


_parser = _build_parser()
