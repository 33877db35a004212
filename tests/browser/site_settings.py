"""Production's settings, with the static files in the site's own directory."""

from annotate.settings import *  # noqa: F403
from annotate.settings import DATA_DIR

STATIC_ROOT = DATA_DIR / "static"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Argon2 is slow on purpose
