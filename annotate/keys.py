"""Which key does what on the compare screen, for each preset that a person may choose.

A value lists the names of its keys (KeyboardEvent.key, or a combination) as `aria-keyshortcuts` does; the first one is
the one that the control prints.
"""

from annotate.models import KeyPreset

_VERDICTS = {
    KeyPreset.NUMBERS: {"left": "1 ArrowLeft", "right": "2 ArrowRight", "tie": "0 T", "both_bad": "9 X"},
    KeyPreset.ARROWS: {"left": "ArrowLeft", "right": "ArrowRight", "tie": "ArrowDown", "both_bad": "ArrowUp"},
    KeyPreset.LETTERS: {"left": "A", "right": "B", "tie": "E", "both_bad": "X"},
}
_ACTIONS = {
    "skip": "S",
    "undo": "U Control+Z Meta+Z",
    "flag": "F",
    "guidelines": "G",
    "diff": "D",
    "synchronise": "Y",
    "expand": "W",
    "comment": "C",
    "sheet": "?",
}
_PRINTED = {"ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓"}


def keys_of(preset: str) -> dict[str, str]:
    """Return the keys of every verdict and action by its name; none where single keys are switched off."""
    if preset == KeyPreset.OFF:
        return {}
    return _VERDICTS[KeyPreset(preset)] | _ACTIONS


def printed(key: str) -> str:
    """Return how a key is printed on its control."""
    return _PRINTED.get(key, key)
