"""Stops and starts a private PostgreSQL as an operator or a crash would."""

import os
import shlex
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from tests.servers import find_postgresql


class Server:
    """The PostgreSQL of a DATABASE_URL that names its private socket's directory."""

    def __init__(self, address: str) -> None:
        self._directory = Path(urlsplit(address).path[1:]).parent

    def crash(self) -> None:
        """End it without a word to anybody; what was committed must be there afterwards."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it anew with the options that it had."""
        _, _, _, *options = shlex.split((self._directory / "data" / "postmaster.opts").read_text())
        self._control("start", "-l", str(self._directory / "log of the second start"), "-o", shlex.join(options))

    def stop(self) -> None:
        self._control("stop", "-m", "fast")

    def _control(self, *arguments: str) -> None:
        programs = find_postgresql()
        assert programs is not None
        owner = self._directory.owner() if os.getuid() == 0 else None
        command = [str(programs / "pg_ctl"), "-D", str(self._directory / "data"), "-w", *arguments]
        subprocess.run(command, user=owner, cwd=self._directory, check=True, stdout=subprocess.DEVNULL)
