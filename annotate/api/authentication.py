"""Who is calling: the owner of an API token. (A signed-in browser is known by its session, with CSRF.)"""

from django.db.models import QuerySet
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed

from annotate.compiled import compiled
from annotate.models import ApiToken, User


class ApiTokenAuthentication(TokenAuthentication):  # type: ignore[misc]
    """Find the owner of `Authorization: Token <token>`; its hash is stored, with a scope and an expiry."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        """Return the token's owner and the token; the digest of 256 random bits names it, so no time tells of it."""
        if not token.isalnum():  # bytes that are no text, or NUL, name no token
            raise AuthenticationFailed
        for found in _with_digest(hash_token(token.decode())):
            if found.user.is_active and (found.expiry is None or found.expiry >= timezone.now()):
                return found.user, found
        raise AuthenticationFailed


@compiled
def _with_digest(digest: str) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(digest=digest).select_related("user")
