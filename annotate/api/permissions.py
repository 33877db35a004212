"""Who may call: nobody unless a view says otherwise, then by the token's scope. Roles: annotate/permissions.py."""

from typing import cast

from django.views import View
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from annotate.models import ApiToken, User
from annotate.services.errors import NotAllowed

Scope = ApiToken.Scope


def caller(request: Request) -> User:
    """Return who is calling; the permissions below let in nobody who is not signed in."""
    return cast(User, request.user)


class DenyAll(BasePermission):
    """The default: a view without a permission of its own answers nobody."""

    def has_permission(self, request: Request, view: View) -> bool:
        return False


class _Scoped(BasePermission):
    """Let in signed-in people whose token reaches; a session reaches everywhere its person does."""

    writing: Scope

    def has_permission(self, request: Request, view: View) -> bool:
        needed = Scope.READ if request.method in SAFE_METHODS else self.writing
        if isinstance(request.auth, ApiToken) and not Scope(request.auth.scope).allows(needed):
            raise NotAllowed(
                f"This token's scope is {request.auth.scope}; this needs {needed}. Make a token with that scope.",
                scope=request.auth.scope,
                needed=needed,
            )
        return request.user.is_authenticated


class Reading(_Scoped):
    """For views that only read."""

    writing = Scope.READ


class Judging(_Scoped):
    """For views where annotators do their work."""

    writing = Scope.ANNOTATE


class Managing(_Scoped):
    """For views that change a project."""

    writing = Scope.MANAGE
