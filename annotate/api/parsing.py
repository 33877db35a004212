"""Read a request's JSON: bounded, UTF-8, no key twice, and nothing that no database could store."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MOST_BYTES = 1_000_000


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = f"The body is longer than {MOST_BYTES} bytes. Send less at once."


class StrictJSONParser(BaseParser):
    """Refuse what other readers would guess at: NaN, a key given twice, half a surrogate pair, endless nesting."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise TooLarge
        try:
            data = json.loads(body.decode(), parse_constant=_refuse_constant, object_pairs_hook=_refuse_twice)
            if b"\\u" in body:
                json.dumps(data, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except ValueError as error:
            reason = "it holds half a surrogate pair" if isinstance(error, UnicodeEncodeError) else str(error)
            raise ParseError(f"The body is not JSON that can be read: {reason}.") from None
        return data


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("an object has the same key twice")
    return found
