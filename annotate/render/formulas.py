r"""LaTeX between $, $$, \( \) or \[ \] becomes MathML; what cannot be converted is shown as its source."""

import html
import re
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import convert_to_element

MAX_FORMULA_CHARS = 2000
MAX_FORMULA_DEPTH = 60
CLOSING = {"$": "$", "$$": "$$", "\\(": "\\)", "\\[": "\\]"}

# Environments that the converter does not know, and one that it does with the same layout. Numbers are left off.
_ENVIRONMENTS = {
    **dict.fromkeys(["align", "aligned", "alignedat", "eqnarray", "eqnarray*"], "align*"),
    **dict.fromkeys(["gather", "gather*", "gathered", "multline", "multline*"], "matrix"),
    "dcases": "cases",
}
_ENVIRONMENT = re.compile(r"\\(begin|end)\{([a-z]+\*?)\}")
# Definitions can grow without end, and links and styles have no place in a formula.
_REFUSED = re.compile(r"\\(newcommand|renewcommand|def|newenvironment|DeclareMathOperator|href|style|class)\b")
_CHARACTER = re.compile(r"&#x[0-9A-Fa-f]+;")
# Words and lengths of up to 3 em: a longer one could paint over the other response.
_ATTRIBUTE = re.compile(r"[a-z-]+( [a-z]+)*|[+-]?(\d|[0-2]?\.\d+)(em|ex)?( [0-2]em)*")


def formula_html(source: str, opening: str, *, convert: bool) -> str:
    """Return the MathML of `source`, which stood after `opening`; the source as code if it cannot be or shall not."""
    written = f"{opening}{source}{CLOSING[opening]}"
    element = _mathml(source, "block" if opening in ("$$", "\\[") else "inline") if convert else None
    if element is None:
        return f'<code class="formula-source" dir="auto">{html.escape(written)}</code>'
    element.set("alttext", source.strip())
    return tostring(element, encoding="unicode")


def _mathml(source: str, display: str) -> Element | None:
    if len(source) > MAX_FORMULA_CHARS or _REFUSED.search(source):
        return None
    try:
        element = convert_to_element(_ENVIRONMENT.sub(_known_environment, source), display=display)
        if _depth(element) > MAX_FORMULA_DEPTH:
            return None
    except Exception:  # The converter answers bad LaTeX with any error there is, RecursionError included.
        return None
    for part in element.iter():
        _make_plain(part)
    return element


def _make_plain(part: Element) -> None:
    """Turn the converter's character references into characters, and drop attributes that could disturb the page."""
    part.text = _CHARACTER.sub(lambda match: html.unescape(match[0]), part.text or "")
    for name, value in list(part.attrib.items()):
        if name != "xmlns" and not _ATTRIBUTE.fullmatch(value):
            del part.attrib[name]


def _known_environment(match: re.Match[str]) -> str:
    return f"\\{match[1]}{{{_ENVIRONMENTS.get(match[2], match[2])}}}"


def _depth(element: Element) -> int:
    return 1 + max(map(_depth, element), default=0)
