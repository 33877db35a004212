"""Refusals: what a service raises when it will not do what was asked. Each says what to do next.

One handler turns them into a page message (annotate/middleware.py), one into an API answer (annotate/api/errors.py).
"""

from typing import Any


class Refusal(Exception):
    """A request that cannot be carried out; nothing was changed."""

    code = "refused"
    status = 400

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidInput(Refusal):
    """What was sent is not something that can be stored."""

    code = "invalid_input"


class NotFound(Refusal):
    """It does not exist, or it belongs to somebody else."""

    code = "not_found"
    status = 404


class NotAllowed(Refusal):
    """This person's role does not include it."""

    code = "not_allowed"
    status = 403


class Conflict(Refusal):
    """It was already done, or something else happened first."""

    code = "conflict"
    status = 409


class AlreadyCompared(Conflict):
    """The annotator's verdict on this pair is already stored."""

    code = "already_compared"


class NotComparing(Conflict):
    """The project is paused or archived."""

    code = "project_not_comparing"


class KeyReused(Refusal):
    """A client_key came before with another body."""

    code = "key_reused"
    status = 422


class LinkSpent(Refusal):
    """A sign-in link or invitation was used, has expired, or never existed."""

    code = "link_spent"
    status = 410
