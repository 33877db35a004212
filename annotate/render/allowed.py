"""The allow list: every tag, attribute and class that a rendered text may contain, and nothing that loads or links."""

import nh3
from pygments.token import STANDARD_TYPES

BLOCKS = {"p", "h3", "h4", "h5", "h6", "li", "td", "th"}
TAGS = BLOCKS | {
    "blockquote", "br", "code", "div", "em", "hr", "ol", "pre", "s", "span", "strong", "table", "tbody", "thead", "tr",
    "ul",
}  # fmt: skip
MATHML_TAGS = {
    "math", "menclose", "mfrac", "mi", "mn", "mo", "mover", "mpadded", "mphantom", "mroot", "mrow", "mspace", "msqrt",
    "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
}  # fmt: skip
MATHML_ATTRIBUTES = {
    "accent", "columnalign", "columnlines", "columnspacing", "depth", "displaystyle", "fence", "form", "height",
    "largeop", "linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "notation",
    "rowlines", "rspace", "scriptlevel", "separator", "stretchy", "symmetric", "voffset", "width",
}  # fmt: skip
ATTRIBUTES = {
    "ol": {"start"},
    "span": {"title"},
    "math": {"alttext"},
    **dict.fromkeys(MATHML_TAGS - {"math"}, MATHML_ATTRIBUTES),
}
ATTRIBUTE_VALUES = {
    **{tag: {"dir": {"auto"}} for tag in BLOCKS | {"code"}},
    "pre": {"dir": {"auto", "ltr"}},
    "math": {"display": {"block", "inline"}},
}
_CELL = {"align-left", "align-center", "align-right"}
CLASSES = {
    "p": {"empty"},
    "div": {"formula", "table"},
    "pre": {"code", "plain"},
    "code": {"formula-source"},
    "td": _CELL,
    "th": _CELL,
    "span": {"blocked-image", "link"} | {name for name in STANDARD_TYPES.values() if name},
    **{f"h{level}": {f"level-{n}" for n in range(1, 7)} for level in range(3, 7)},
}

_cleaner = nh3.Cleaner(
    tags=TAGS | MATHML_TAGS,
    attributes=ATTRIBUTES,
    tag_attribute_values=ATTRIBUTE_VALUES,
    allowed_classes=CLASSES,
    link_rel=None,
    url_schemes=set(),
    url_relative="deny",
)


def clean_html(html: str) -> str:
    """Drop whatever is not on the list; cleaning twice changes nothing."""
    return _cleaner.clean(html)
