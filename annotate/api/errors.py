"""Every answer that is no success has one shape: {"code", "message", "details"}."""

import logging
from typing import Any

from django.db import InterfaceError, OperationalError
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from annotate.services.errors import InvalidInput, Refusal

RETRY_AFTER_SECONDS = 5
WHAT_TO_DO = {
    "not_authenticated": "Send the header `Authorization: Token <token>`, or sign in.",
    "authentication_failed": "This token is unknown, has expired, or its owner was deactivated. Make a new one.",
}
logger = logging.getLogger(__name__)


class RefusalSerializer(serializers.Serializer[Any]):
    """What went wrong: a code for programs, a message for people, and details where there are any."""

    code = serializers.CharField()
    message = serializers.CharField()
    details = serializers.DictField()


def answer_refusal(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn whatever a view raised into an answer; None, a 500, for what is a fault of ours."""
    if isinstance(error, Refusal):
        return Response(_body(error.code, error.message, error.details), status=error.status)
    if isinstance(error, OperationalError | InterfaceError):
        return _database_is_away(error)
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        response.data = _invalid(response.data)
    else:
        reason = response.data["detail"]
        response.data = _body(reason.code, WHAT_TO_DO.get(reason.code, str(reason)))
    return response


def _invalid(errors: Any) -> dict[str, Any]:
    fields = errors if isinstance(errors, dict) else {"non_field_errors": errors}
    return _body(InvalidInput.code, "Some fields are not valid; details.fields says why.", {"fields": fields})


def _database_is_away(error: Exception) -> Response:
    logger.error("the database did not answer: %s", error)
    body = _body("unavailable", "The database does not answer. Nothing was changed; try again shortly.")
    return Response(body, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def _body(code: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "details": details or {}}
