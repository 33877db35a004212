"""The first person of a new installation: a site admin who can let everybody else in."""

from django.db import transaction

from annotate.models import User
from annotate.services.accounts import create_user

USERNAME = "admin"


@transaction.atomic
def ensure_site_admin() -> User:
    """Return the first site admin, making `admin`, without a password, where there is none.

    Raises InvalidInput if somebody without that right already has the name.
    """
    admins = User.objects.filter(is_superuser=True, is_active=True)
    return admins.order_by("pk").first() or _make_admin()


def _make_admin() -> User:
    user = create_user(username=USERNAME)
    user.is_superuser = user.is_staff = True
    user.save(update_fields=["is_superuser", "is_staff"])
    return user
