"""The project's settings with a data directory, a database and a secret key of the tests' own."""

import os
import tempfile

directory = tempfile.TemporaryDirectory(prefix="tiebreak-tests-")
os.environ["TIEBREAK_DATA_DIR"] = directory.name
os.environ["DEBUG"] = "1"
os.environ["REDIS_URL"] = f"redis+socket://{directory.name}/nobody-listens.sock"

from annotate.settings import *  # noqa: E402, F403
from annotate.settings import DATABASES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Argon2 is slow on purpose
if DATABASES["default"]["ENGINE"] == "annotate.sqlite":
    # A file as in production: the shared in-memory database of the test runner locks by other rules.
    DATABASES["default"]["TEST"] = {"NAME": f"{directory.name}/test.sqlite3"}
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
