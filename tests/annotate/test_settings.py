"""What the environment says reaches the settings whole."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PRINTED = (
    "import json; from annotate import settings;"
    "print(json.dumps([settings.DATABASES['default']['OPTIONS'], str(settings.DATA_DIR), settings.CELERY_BROKER_URL]))"
)


def settings_with(data_dir: Path, **environment: str) -> tuple[dict[str, Any], str, str]:
    """Return the database's options, the data directory and the broker, as a process of its own reads them."""
    own = {**os.environ, "DEBUG": "1", "TIEBREAK_DATA_DIR": str(data_dir), **environment}
    done = subprocess.run([sys.executable, "-c", PRINTED], env=own, capture_output=True, text=True, check=True)
    options, directory, broker = json.loads(done.stdout)
    return options, directory, broker


def test_what_the_databases_address_asks_for_is_not_lost(tmp_path: Path) -> None:
    options, _, _ = settings_with(tmp_path, DATABASE_URL="postgres://user@host/name?sslmode=require")

    assert options["sslmode"] == "require"
    assert "lock_timeout=3000" in options["options"]


def test_a_comma_ends_neither_a_path_nor_an_address(tmp_path: Path) -> None:
    data_dir, address = tmp_path / "here, there", "redis://:pass,word@host:6379/0"

    _, directory, broker = settings_with(data_dir, REDIS_URL=address)

    assert (directory, broker) == (str(data_dir), address)
