"""Characters that take no room, or that reorder the ones after them: a reader is told that they are there."""

import re

# The same set as in static/js/invisible.js, which marks them where they stand; a test keeps the two alike.
INVISIBLE = (
    r"\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_JOINED = re.compile("(?<=[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff\u200d\ufe0f])[\u200d\ufe0f]")


def count_invisible(text: str) -> int:
    """Return how many there are, without those that make one emoji of several characters."""
    if text.isascii():
        return 0
    return len(_INVISIBLE.findall(_JOINED.sub("", text)))
