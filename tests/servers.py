"""Servers of the tests' own: PostgreSQL and Redis on private sockets, and the whole application under `manage.py up`.

`python -m tests.servers postgresql COMMAND...` runs a command with DATABASE_URL naming a fresh, private PostgreSQL.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from annotate.supervisor.redis_server import find_redis, redis_program

FOLDERS_OF_POSTGRESQL = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/pgsql-*/bin")
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
SAFE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


def find_postgresql() -> Path | None:
    """Return the folder of PostgreSQL's server programs, or None."""
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    found = [path for pattern in FOLDERS_OF_POSTGRESQL for path in Path("/").glob(pattern.lstrip("/"))]
    return max((path for path in found if (path / "initdb").exists()), default=None)


def find_chromium() -> str | None:
    """Return the path of a Chromium to drive, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(holds: Callable[[], bool], *, seconds: float = 30.0, what: str = "it") -> None:
    """Wait for a condition of another process; raise TimeoutError, naming it, if it does not come."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {seconds:.0f} s")
        time.sleep(0.05)


@contextmanager
def private_postgresql(**settings: str) -> Iterator[str]:
    """Run a PostgreSQL that listens on a private socket alone; yield its DATABASE_URL and remove it afterwards."""
    programs = find_postgresql()
    if programs is None:
        raise FileNotFoundError("needs PostgreSQL's server programs (install postgresql)")
    owner = _server_account()
    # Short, because a socket's address is.
    directory = Path(tempfile.mkdtemp(prefix="tiebreak-pg-", dir="/tmp"))
    if owner:
        shutil.chown(directory, owner, owner)
    data = directory / "data"
    initialise = [programs / "initdb", "-D", data, "-U", "tiebreak", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
    subprocess.run(initialise, user=owner, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    options = {"listen_addresses": "", "unix_socket_directories": str(directory), "max_connections": "200"}
    flags = [part for name, value in (options | FAST | settings).items() for part in ("-c", f"{name}={value}")]
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen([programs / "postgres", "-D", data, *flags], user=owner, cwd=directory, stderr=log)
    try:
        wait_until(lambda: _accepts(directory), what="PostgreSQL")
        yield f"postgres://tiebreak@/{directory}/postgres"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)
        shutil.rmtree(directory)


@contextmanager
def private_redis(directory: Path) -> Iterator[str]:
    """Run a Redis of its own, with its data in `directory`; yield its REDIS_URL."""
    found = find_redis()
    if found is None:
        raise FileNotFoundError("needs a Redis server (install redis-server)")
    path = Path(tempfile.mkdtemp(prefix="tiebreak-redis-")) / "redis.sock"
    server = subprocess.Popen(redis_program(found, path, directory).command, stdout=subprocess.DEVNULL)
    try:
        wait_until(path.exists, what="Redis")
        yield f"redis+socket://{path}"
    finally:
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(path.parent)


def _server_account() -> str | None:
    """Return the account to run PostgreSQL as: it refuses to run as root."""
    if os.getuid() != 0:
        return None
    return pwd.getpwnam("postgres").pw_name


def _accepts(directory: Path) -> bool:
    try:
        psycopg.connect(host=str(directory), user="tiebreak", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def main(server: str, *command: str) -> int:
    from tests.skips import all_required, note

    if server != "postgresql":
        raise SystemExit(__doc__)
    if find_postgresql() is None:
        note(["every test of the database on PostgreSQL: needs its server programs (install postgresql)"])
        return int(all_required())
    with private_postgresql() as address:
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": address}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
