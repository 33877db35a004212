"""What must hold before anything is started: the port is free and nobody else uses the data directory."""

import errno
import fcntl
import os
import socket
from pathlib import Path


class CannotStart(Exception):
    """Nothing was started; the message says what to do."""


def check_port(port: int) -> None:
    """Raise CannotStart unless a server could listen on the port now."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(_refusal(port, error)) from None


def lock_data_dir(data_dir: Path, address: str) -> int:
    """Return a descriptor that holds the data directory until every copy of it is closed, by exit or by kill.

    Raises CannotStart if another supervisor, or the guardian that cleans up after one, holds it.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 200).decode() or "it has only just started"
        os.close(descriptor)
        raise CannotStart(
            f"Tiebreak already runs on {data_dir} ({holder}). "
            "Use that one, stop it with Ctrl-C first, or set TIEBREAK_DATA_DIR to another directory."
        ) from None
    os.truncate(descriptor, 0)
    os.write(descriptor, f"{address}, process {os.getpid()}".encode())
    return descriptor


def _refusal(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program. Stop it, or choose another: PORT={port + 1} make run"
    return f"Port {port} cannot be used ({error.strerror}). Choose another: PORT=8000 make run"
