r"""Markdown rules for \( \), \[ \] and display $$ $$, which chat models write and the dollar plugin does not read.

Each looks ahead no further than the longest formula, so hostile text costs no more than its length.
"""

import re

from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from annotate.render.formulas import CLOSING, MAX_FORMULA_CHARS

_BLANK_LINE = re.compile(r"\n[ \t]*\n")


def bracket_formula(state: StateInline, silent: bool) -> bool:
    r"""Read \( ... \) and \[ ... \] inside a paragraph."""
    opening = state.src[state.pos : state.pos + 2]
    if opening not in ("\\(", "\\["):
        return False
    begin = state.pos + 2
    end = state.src.find(CLOSING[opening], begin, begin + MAX_FORMULA_CHARS)
    if end < 0 or not state.src[begin:end].strip():
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content, token.markup = state.src[begin:end], opening
    state.pos = end + 2
    return True


def display_formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    r"""Read a formula that begins a line with $$ or \[ and whose closing ends a line."""
    begin = state.bMarks[start] + state.tShift[start] + 2
    opening = state.src[begin - 2 : begin]
    if opening not in ("$$", "\\[") or state.is_code_block(start):
        return False
    last = _last_line(state, begin, CLOSING[opening], start, end)
    if last is None:
        return False
    if not silent:
        source = state.getLines(start, last + 1, state.blkIndent, False).strip()
        token = state.push("math_block", "math", 0)
        token.content, token.markup, token.block = source[2:-2], opening, True
        token.map = [start, last + 1]
        state.line = last + 1
    return True


def _last_line(state: StateBlock, begin: int, closing: str, start: int, end: int) -> int | None:
    stop = state.src.find(closing, begin, begin + MAX_FORMULA_CHARS)
    source = state.src[begin:stop] if stop >= 0 else ""
    if not source.strip() or _BLANK_LINE.search(source):
        return None
    last = start + source.count("\n")
    if last >= end or any(state.sCount[line] < state.blkIndent for line in range(start, last + 1)):
        return None
    ends_the_line = not state.src[stop + len(closing) : state.eMarks[last]].strip()
    return last if ends_the_line else None
