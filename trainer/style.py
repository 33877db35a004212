"""The style of a text in four numbers, and how two responses differ in it. Whether it sways people is for beside.py.

Length, headers, lists and bold are those of "Does style matter?" (Li, Angelopoulos & Chiang, LMSYS 2024).
"""

import re

import numpy as np
import numpy.typing as npt

STYLE = ("length", "headers", "lists", "bold")
CODE = re.compile(r"```.*?(```|\Z)", re.DOTALL)
HEADER = re.compile(r"^ {0,3}#{1,6}\s", re.MULTILINE)
LIST_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s", re.MULTILINE)
BOLD = re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__")

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


def style_of(text: str) -> tuple[int, int, int, int]:
    """Count characters, and outside code blocks headers, list items and bold passages of Markdown."""
    prose = CODE.sub("", text)
    return len(text), len(HEADER.findall(prose)), len(LIST_ITEM.findall(prose)), len(BOLD.findall(prose))


def style_columns(style_NS: Floats, first_B: Indices, second_B: Indices) -> dict[str, Floats]:
    """Return (a - b) / (a + b) of first and second by name of `STYLE`, -1 to 1; 0 where neither has any."""
    first, second = style_NS[first_B], style_NS[second_B]
    total = first + second
    relative = np.where(total > 0, (first - second) / np.maximum(total, 1), 0.0)
    return dict(zip(STYLE, relative.T, strict=True))
