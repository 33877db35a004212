"""Lists come in pages with an opaque cursor; a cursor that we did not make is refused, never handed to the database."""

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from annotate.services.errors import InvalidInput

if TYPE_CHECKING:
    from rest_framework.views import APIView


class NewestFirst(CursorPagination):
    """The rows made last come first."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering: str | tuple[str, ...] = "-id"
    invalid_cursor_message = "This cursor is not one of ours. Start again from the first page."

    def get_page_size(self, request: Request) -> int:
        wanted = request.query_params.get(self.page_size_query_param, str(self.page_size))
        if not (wanted.isascii() and wanted.isdecimal() and len(wanted) < 4 and 1 <= int(wanted) <= self.max_page_size):
            raise InvalidInput(f"page_size is a whole number from 1 to {self.max_page_size}.")
        return int(wanted)

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        cursor, page_size = super().get_schema_operation_parameters(view)
        page_size["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [cursor, page_size]

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not self.is_position(str(cursor.position)):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def is_position(self, text: str) -> bool:
        return text.isascii() and text.isdecimal() and len(text) < 19


class MostSurprisingFirst(NewestFirst):
    """The disagreements with the largest surprise come first."""

    ordering = ("-surprise", "id")

    def is_position(self, text: str) -> bool:
        with suppress(ValueError):
            return math.isfinite(float(text))
        return False
