"""Who is calling: the owner of an API token. (A signed-in browser is known by its session, with CSRF.)"""

from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from annotate.models import ApiToken, User


class ApiTokenAuthentication(TokenAuthentication):  # type: ignore[misc]
    """Find the owner of `Authorization: Token <token>`; its hash is stored, with a scope and an expiry."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        if not token.isalnum():  # knox would stumble over bytes that are no text, and PostgreSQL over NUL
            raise AuthenticationFailed
        owner: tuple[User, ApiToken] = super().authenticate_credentials(token)
        return owner
