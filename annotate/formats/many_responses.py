"""The format "prompts + responses": one prompt with two or more responses, each a string or {text, source}."""

from typing import Any

from annotate.formats.fields import Fields
from annotate.formats.rows import ImportedResponse

FEWEST = 2


def take_responses(fields: Fields) -> dict[str, ImportedResponse]:
    """Return the responses by the name of their place."""
    values = fields.take("responses", list, required=True)
    if values is not None and len(values) < FEWEST:
        message = f"A prompt needs at least {FEWEST} responses to compare; this one has {len(values)}. Add one."
        fields.refuse("responses", "E_TOO_FEW", message)
    within = fields.checked_length("responses", values or [], at_most=fields.limits.responses)
    places = {f"responses[{index}]": value for index, value in enumerate(within)}
    taken = {place: _take_response(fields, place, value) for place, value in places.items()}
    return {place: response for place, response in taken.items() if response is not None}


def _take_response(fields: Fields, place: str, value: Any) -> ImportedResponse | None:
    if isinstance(value, str):
        return ImportedResponse(fields.checked_size(place, value))
    if fields.checked(place, value, str, dict) is None:
        return None
    inner = fields.inner(place, value)
    if inner is None:
        return None
    text, source = inner.text("text"), inner.source("source")
    inner.close()
    return None if text is None else ImportedResponse(text, source)
