"""How people get in: one-time sign-in links, API tokens, and new accounts. Tokens are stored hashed."""

import secrets
from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models.functions import Now
from django.utils import timezone

from annotate.models import ApiToken, AuditEvent, SignInLink, User
from annotate.services.errors import InvalidInput, LinkSpent, NotFound

IMPORT_PREFIX = "import-"  # of the user names of import annotators: who could take one would own a file's labels


def create_user(*, username: str, by: User | None = None) -> User:
    """Make an account without a password; a one-time link lets its person in. Raises InvalidInput."""
    user = User(username=username)
    user.set_unusable_password()
    try:
        user.full_clean()
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages)) from None
    if user.username.casefold().startswith(IMPORT_PREFIX):
        raise InvalidInput(f'Names that begin with "{IMPORT_PREFIX}" belong to imported labels. Choose another.')
    user.save()
    AuditEvent.objects.record(by=by, verb="created user", target=username)
    return user


def create_sign_in_link(*, user: User, by: User | None = None) -> str:
    """Return the token of a link that signs `user` in once; it is shown here and nowhere again."""
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + timedelta(hours=settings.SIGN_IN_LINK_HOURS)
    SignInLink.objects.create(user=user, token_hash=token_hash(token), expires_at=expires_at)
    AuditEvent.objects.record(by=by, verb="created sign-in link", target=user.username)
    return token


def open_sign_in_link(token: str) -> SignInLink:
    """Return a usable sign-in link without spending it. Raises LinkSpent if it is used, old or unknown."""
    usable = SignInLink.objects.filter(token_hash=token_hash(token), used_at=None, expires_at__gt=Now())
    if link := usable.filter(user__is_active=True).select_related("user").first():
        return link
    raise LinkSpent("This link was used before or has expired. Ask an admin of your project for a new one.")


def spend_sign_in_link(*, token: str) -> User:
    """Use up a sign-in link and return whom it signs in. Raises LinkSpent if it is used, old or unknown."""
    link = open_sign_in_link(token)
    if not SignInLink.objects.filter(pk=link.pk, used_at=None).update(used_at=Now()):
        raise LinkSpent("This link was used before. Ask an admin of your project for a new one.")
    return link.user


def create_token(*, user: User, scope: ApiToken.Scope, name: str = "", days: int | None = 365) -> str:
    """Return a new API token of `user`; it is shown here and nowhere again."""
    expiry = timedelta(days=days) if days else None
    instance, token = ApiToken.objects.create(user=user, expiry=expiry, scope=scope, name=name)
    AuditEvent.objects.record(by=user, verb=f"created {scope} token", target=instance.token_key)
    return str(token)


def revoke_token(*, user: User, token_key: str) -> None:
    """End an API token of `user`. Raises NotFound if they have no such token."""
    if not ApiToken.objects.filter(user=user, token_key=token_key).delete()[0]:
        raise NotFound("There is no such token; it may have been revoked already.")
    AuditEvent.objects.record(by=user, verb="revoked token", target=token_key)


def token_hash(token: str) -> str:
    """Return how a link's token is stored. Tokens are 256 random bits, so a plain hash is enough."""
    return sha256(token.encode()).hexdigest()
