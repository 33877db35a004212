"""A Redis that can be taken away: paused, killed for good, started again, emptied."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis, RedisError

from annotate.supervisor.redis_server import find_redis, redis_program
from tests.servers import wait_until


class Broker:
    """One Redis server on a private socket; between `kill` and `start` nobody listens there."""

    def __init__(self, directory: Path) -> None:
        server = find_redis()
        if server is None:
            raise FileNotFoundError("needs a Redis server (install redis-server)")
        self._socket = directory / "redis.sock"
        self._command = redis_program(server, self._socket, directory).command
        self.start()

    @property
    def url(self) -> str:
        return f"redis+socket://{self._socket}"

    def start(self) -> None:
        self._server = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        wait_until(self.answers, what="Redis")

    def kill(self) -> None:
        self._server.kill()
        self._server.wait()

    def pause(self) -> None:
        """Let it accept connections and never answer."""
        self._server.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._server.send_signal(signal.SIGCONT)

    def forget_everything(self) -> None:
        self._client().flushall()

    def n_waiting(self, queue: str) -> int:
        """Return how many messages wait in a queue of Celery's."""
        waiting = self._client().llen(queue)
        assert isinstance(waiting, int)
        return waiting

    def answers(self) -> bool:
        with suppress(RedisError):
            return bool(self._client().ping())
        return False

    def _client(self) -> Redis:
        return Redis(unix_socket_path=str(self._socket), socket_timeout=5)


@contextmanager
def private_broker() -> Iterator[Broker]:
    """Run a Redis of the tests' own and remove it afterwards, whatever was done to it."""
    directory = Path(tempfile.mkdtemp(prefix="tiebreak-broker-"))
    broker = Broker(directory)
    try:
        yield broker
    finally:
        broker.kill()
        shutil.rmtree(directory)
