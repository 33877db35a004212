"""Typed readers of environment variables that fail loudly. What each variable means is in docs/operations.md."""

import os
import secrets
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
GUNICORN_GIVES_UP = 3  # the exit status of a worker after which gunicorn starts no other


def read_settings() -> None:
    """Read the settings now; where one cannot be used, end this program with the one line that says so."""
    try:
        import_module(os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotate.settings"))
    except ImproperlyConfigured as refusal:
        sys.stderr.write(f"Tiebreak cannot start: {refusal}\n")
        sys.exit(GUNICORN_GIVES_UP)


def read_bool(name: str, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return value in ("1", "true", "yes", "on") if value else default
    raise ImproperlyConfigured(f"{name} is {value!r}; write 1 or 0.")


def read_int(name: str, default: int, *, low: int, high: int) -> int:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isdecimal() or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name} is {value!r}; write a whole number from {low} to {high}.")
    return int(value)


def read_text(name: str, default: str) -> str:
    return os.environ.get(name, "").strip() or default


def read_list(name: str, default: list[str]) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()] or default


def read_database(name: str, default: str) -> dict[str, Any]:
    """Return Django's DATABASES entry for a postgres:// or sqlite:/// address."""
    address = os.environ.get(name) or default
    if address.split(":", 1)[0] not in ("postgres", "postgresql", "sqlite"):
        raise ImproperlyConfigured(f"{name} must begin with postgres:// or sqlite:///.")
    return dict(env.db_url_config(address))


def read_secret_key(data_dir: Path, *, may_generate: bool) -> str:
    """Return SECRET_KEY; in development make one once and keep it, readable by its owner alone."""
    if key := os.environ.get("SECRET_KEY", ""):
        return _strong(key)
    path = data_dir / "secret_key"
    if may_generate and not path.exists():
        _write_private(path, secrets.token_urlsafe(50))
    if may_generate:
        return _strong(path.read_text().strip())
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set it to 50 or more random characters: "
        'python -c "import secrets; print(secrets.token_urlsafe(50))"'
    )


def inherited(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a program that we start: our own, with some variables set."""
    return {**os.environ, **variables}


def _strong(key: str) -> str:
    if len(key) < 50 or len(set(key)) < 5 or key.startswith("django-insecure-"):
        raise ImproperlyConfigured("SECRET_KEY is too weak: use 50 or more random characters.")
    return key


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
