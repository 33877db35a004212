"""Who is calling: the owner of an API token. (A signed-in browser is known by its session, with CSRF.)"""

from django.utils import timezone
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

    def _cleanup_token(self, token: ApiToken) -> bool:
        """Say whether a token has expired; knox's own would read all tokens of the person at every request."""
        return token.expiry is not None and token.expiry < timezone.now()
