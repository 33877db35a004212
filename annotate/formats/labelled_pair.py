"""The format "pair": prompt, response_a, response_b, and optionally their sources and the labels people gave."""

from typing import Any

from annotate.formats.fields import Fields
from annotate.formats.rows import BOTH_BAD, FIRST, SECOND, TIE, ImportedLabel, ImportedResponse
from annotate.formats.texts import id_key

OUTCOMES = {"a": FIRST, "b": SECOND, "tie": TIE, "both_bad": BOTH_BAD}
SIDES = {"a": True, "b": False}
STRENGTHS = {FIRST: (1, 2, 3), SECOND: (-1, -2, -3), TIE: (0,)}
MOST_CRITERIA = 50
LONGEST_NOTE = 2_000


def take_pair(fields: Fields) -> dict[str, ImportedResponse]:
    """Return the two responses by the name of their field."""
    pair = {}
    for side in "ab":
        text, source = fields.text(f"response_{side}"), fields.source(f"source_{side}")
        if text is not None:
            pair[f"response_{side}"] = ImportedResponse(text, source)
    return pair


def take_gold(fields: Fields) -> str:
    """Return the known answer in the order of the row, or ""."""
    return _take_choice(fields, "gold", OUTCOMES) or ""


def take_gold_note(fields: Fields) -> str:
    """Return why the known answer is the answer."""
    note: str = fields.take("gold_note", str) or ""
    if len(note) > LONGEST_NOTE:
        fields.refuse("gold_note", "E_TEXT_TOO_LONG", f"The note has more than {LONGEST_NOTE} characters. Shorten it.")
    return note


def take_labels(fields: Fields) -> tuple[ImportedLabel, ...]:
    """Return the verdicts, one per annotator; who has no name is called by the position in the row."""
    labels: list[ImportedLabel] = []
    known: set[str] = set()
    for index, value in enumerate(fields.items("labels", at_most=fields.limits.labels)):
        inner = fields.inner(f"labels[{index}]", value)
        if inner is None or (label := _take_label(inner, f"anonymous {index + 1}")) is None:
            continue
        if id_key(label.annotator) in known:
            message = f'"{label.annotator}" has judged this pair before in the same row. Keep one label per annotator.'
            inner.refuse("annotator", "E_DUPLICATE_ANNOTATOR", message)
        known.add(id_key(label.annotator))
        labels.append(label)
    return tuple(labels)


def _take_label(fields: Fields, unnamed: str) -> ImportedLabel | None:
    annotator = fields.name("annotator", n_chars=fields.limits.name_chars) or unnamed
    preferred = _take_choice(fields, "preferred", OUTCOMES, required=True)
    first_on_left = _take_choice(fields, "shown_left", SIDES)
    strength = _take_strength(fields, preferred)
    criteria = _take_criteria(fields)
    fields.close()
    return None if preferred is None else ImportedLabel(annotator, preferred, first_on_left, strength, criteria)


def _take_strength(fields: Fields, preferred: str | None) -> int | None:
    strength: int | None = fields.take("strength", int)
    if strength is None or preferred is None or strength in STRENGTHS.get(preferred, ()):
        return strength
    message = f"A strength of {strength} contradicts the verdict. Write 1 to 3 where A is better, -1 to -3 where B is."
    fields.refuse("strength", "E_STRENGTH", message)
    return None


def _take_criteria(fields: Fields) -> dict[str, str]:
    inner = fields.inner("criteria", fields.take("criteria", dict) or {})
    if inner is None:
        return {}
    names = list(inner.names())[:MOST_CRITERIA]
    said = {name: _take_choice(inner, name, OUTCOMES) for name in names}
    inner.close()
    return {name: outcome for name, outcome in said.items() if outcome is not None}


def _take_choice(fields: Fields, name: str, choices: dict[str, Any], *, required: bool = False) -> Any:
    value = fields.take(name, str, required=required)
    if value is not None and value not in choices:
        message = f'"{name}" is "{value[:40]}". Use one of {", ".join(choices)}.'
        fields.refuse(name, "E_CHOICE", message)
    return choices.get(value)
