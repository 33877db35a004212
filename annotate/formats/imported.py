"""One object of an import file to one ImportedPrompt: recognises the format and reads the fields that all share."""

from collections.abc import Mapping
from typing import Any

from annotate.formats.fields import Fields
from annotate.formats.labelled_pair import take_gold, take_gold_note, take_labels, take_pair
from annotate.formats.limits import Limits
from annotate.formats.many_responses import take_responses
from annotate.formats.report import RowReport
from annotate.formats.rows import ROLES, ImportedPrompt, ImportedResponse, Message
from annotate.formats.texts import is_blank, same_text


def read_imported(values: dict[str, Any], report: RowReport, limits: Limits) -> ImportedPrompt | None:
    """Return the row, or None with every reason in the report."""
    fields = Fields(values, report, limits)
    is_pair = _is_pair(fields)
    if is_pair is None:
        return None
    row = ImportedPrompt(
        line=report.line,
        external_id=fields.name("id", n_chars=limits.id_chars),
        messages=_take_messages(fields),
        responses=_distinct(take_pair(fields) if is_pair else take_responses(fields), fields),
        is_pair=is_pair,
        labels=take_labels(fields) if is_pair else (),
        gold=take_gold(fields) if is_pair else "",
        gold_note=take_gold_note(fields) if is_pair else "",
        tags=_take_tags(fields),
        metadata=_take_metadata(fields),
    )
    return None if report.errors else row


def _is_pair(fields: Fields) -> bool | None:
    pair = "response_a" in fields or "response_b" in fields
    if pair != ("responses" in fields):
        return pair
    found = "both" if pair else "neither"
    message = (
        f'A row has either "responses", or "response_a" and "response_b"; this one has {found}. Use one of the two.'
    )
    fields.refuse("", "E_FORMAT", message)
    return None


def _take_messages(fields: Fields) -> tuple[Message, ...]:
    """Read the prompt, one string or a conversation, whose last turn must show something."""
    value = fields.take("prompt", str, list, required=True)
    if value is None:
        return ()
    if isinstance(value, str):
        messages: list[Message | None] = [Message("user", fields.checked_size("prompt", value))]
    else:
        turns = fields.checked_length("prompt", value, at_most=fields.limits.messages)
        messages = [_take_message(fields, f"prompt[{index}]", turn) for index, turn in enumerate(turns)]
    last = messages[-1] if messages else Message("user", "")
    if last is not None and is_blank(last.content):
        fields.refuse("prompt", "E_EMPTY_PROMPT", "The prompt ends with nothing to respond to. Add its text.")
    return tuple(message for message in messages if message is not None)


def _take_message(fields: Fields, name: str, value: Any) -> Message | None:
    inner = fields.inner(name, value)
    if inner is None:
        return None
    role, content = inner.take("role", str, required=True), inner.text("content")
    inner.close()
    if role is not None and role not in ROLES:
        inner.refuse("role", "E_ROLE", f'The role "{role[:40]}" is unknown. Use one of {", ".join(ROLES)}.')
    return None if role is None or content is None else Message(role, content)


def _distinct(responses: dict[str, ImportedResponse], fields: Fields) -> tuple[ImportedResponse, ...]:
    places: dict[str, str] = {}
    for place, response in responses.items():
        other = places.setdefault(same_text(response.text), place)
        if other != place:
            message = f'"{place}" is the same text as "{other}", so there is nothing to compare. Leave one of them out.'
            fields.refuse(place, "E_IDENTICAL_RESPONSES", message)
    return tuple(responses.values())


def _take_tags(fields: Fields) -> tuple[str, ...]:
    values = fields.items("tags", at_most=fields.limits.tags)
    n_chars = fields.limits.name_chars
    names = [fields.checked_name(f"tags[{index}]", value, n_chars=n_chars) for index, value in enumerate(values)]
    return tuple(dict.fromkeys(name for name in names if name))


def _take_metadata(fields: Fields) -> Mapping[str, Any]:
    """Join the "metadata" object with the fields that nobody knew."""
    metadata: dict[str, Any] = fields.take("metadata", dict) or {}
    fields.close()
    for name in fields.report.unknown:
        if name in metadata:
            message = f'"{name}" stands in the row and in its "metadata". Keep one of them.'
            fields.refuse(name, "E_DUPLICATE_KEY", message)
    return {**metadata, **fields.report.unknown}
