"""Where a response names the system that wrote it ("As Claude, I ..."): plain phrases, found and hidden in linear time.

Capital letters, the kind of apostrophe and the amount of space make no difference; a phrase begins and ends at the edge
of a word, so that "As Claude" is not found in "As Claudette".
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

HIDDEN = "[name hidden]"
_SPACE = r"\s{1,20}"  # bounded, and so is the time that a run of spaces can take
_IN_A_WORD = re.compile(r"\w")
_NEVER = re.compile(r"(?!)")


def first_leak(text: str, phrases: Sequence[str]) -> str:
    """Return the phrase that stands first in the text, as the list spells it; "" where there is none."""
    match = _pattern(tuple(phrases)).search(text)
    return "" if match is None else _spelled(match[0], phrases)


def mask_leaks(text: str, phrases: Sequence[str]) -> str:
    """Return the text as annotators may see it: each phrase replaced by HIDDEN."""
    return _pattern(tuple(phrases)).sub(HIDDEN, text)


@lru_cache(maxsize=64)
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Return what matches any of the phrases, the longer of two that begin alike.

    Phrases with the same first word stand together, so that few branches are tried at each place.
    """
    wanted = sorted({key for phrase in phrases if (key := _key(phrase))}, key=len, reverse=True)
    by_first_word: dict[str, list[str]] = defaultdict(list)
    for key in wanted:
        first, _, rest = key.partition(" ")
        by_first_word[first].append(_SPACE + _rest(rest) if rest else _end(first))
    branches = (_start(first) + _word(first) + f"(?:{'|'.join(rests)})" for first, rests in by_first_word.items())
    return re.compile("|".join(branches), re.IGNORECASE) if wanted else _NEVER


def _rest(words: str) -> str:
    return _SPACE.join(_word(word) for word in words.split(" ")) + _end(words)


def _word(word: str) -> str:
    return re.escape(word).replace("'", "['’ʼ]")


def _start(word: str) -> str:
    return r"\b" if _IN_A_WORD.match(word[0]) else ""


def _end(word: str) -> str:
    return r"\b" if _IN_A_WORD.match(word[-1]) else ""


def _spelled(found: str, phrases: Sequence[str]) -> str:
    return next((phrase for phrase in phrases if _key(phrase) == _key(found)), found)


def _key(phrase: str) -> str:
    return " ".join(re.sub("[’ʼ]", "'", phrase).casefold().split())
