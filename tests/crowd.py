"""A crowd of annotators over real HTTP: each judges pair after pair, and remembers what it was told.

One event loop and bare sockets: on two cores the crowd must not cost more than the server that it measures.
"""

import asyncio
import json
import random
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

ACCEPTED = (200, 201)
IMPATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.2  # before the same verdict is sent again, as a browser's outbox does


@dataclass
class Told:
    """What one annotator was told, and how long each answer took."""

    acknowledged: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    next_seconds: list[float] = field(default_factory=list)
    verdict_seconds: list[float] = field(default_factory=list)


class Connection:
    """One kept-open HTTP/1.1 connection."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._port = port
        self._head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "127.0.0.1", **headers}.items())
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Return status and content; a connection that was closed meanwhile is opened once more. Raises OSError."""
        request = f"{method} {path} HTTP/1.1\r\n{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        for attempt in (1, 2):
            fresh = self._streams is None
            try:
                return await asyncio.wait_for(self._exchange(request), IMPATIENCE_SECONDS)
            except (OSError, EOFError, TimeoutError) as failure:
                self.close()
                if fresh or attempt == 2:
                    raise OSError(f"no answer: {failure!r}") from failure
        raise AssertionError

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        content = await reader.readexactly(int(length[1])) if length else b""
        if re.search(rb"\r\nconnection: *close", head, re.IGNORECASE):
            self.close()
        return int(head[9:12]), content

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


class Annotator:
    """Judges one pair after the other until the time is over or no pair is left; subclasses speak to one face."""

    def __init__(self, port: int, slug: str, headers: dict[str, str], *, think_seconds: float = 0.0) -> None:
        self.told = Told()
        self._slug = slug
        self._think_seconds = think_seconds
        self._connection = Connection(port, headers)
        self._coin = random.Random(slug + str(headers))

    async def work(self, until: float) -> None:
        assignment = await self._begin()
        while assignment and time.monotonic() < until:
            if self._think_seconds:
                await asyncio.sleep(self._coin.expovariate(1 / self._think_seconds))
            assignment = await self._judge(assignment)
        self._connection.close()

    async def _begin(self) -> str | None:
        raise NotImplementedError

    async def _judge(self, assignment: str) -> str | None:
        """Send a verdict until it is answered for good; return the next assignment."""
        raise NotImplementedError

    async def _ask(self, method: str, path: str, body: bytes, seconds: list[float], *, again: bool = True) -> bytes:
        """Send until there is a good answer; each bad one is an error."""
        while True:
            start = time.perf_counter()
            try:
                status, content = await self._connection.send(method, path, body)
            except OSError as failure:
                status, content = 0, str(failure).encode()
            seconds.append(time.perf_counter() - start)
            if status in ACCEPTED:
                return content
            self.told.errors.append(f"{status} {content[:200]!r}")
            await asyncio.sleep(PAUSE_SECONDS)


class Program(Annotator):
    """Uses the API: the verdict asks for the next pair, in one request."""

    def __init__(self, port: int, slug: str, token: str, *, think_seconds: float = 0.0) -> None:
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        super().__init__(port, slug, headers, think_seconds=think_seconds)

    async def _begin(self) -> str | None:
        content = await self._ask("POST", f"/api/v1/projects/{self._slug}/assignments/", b"{}", self.told.next_seconds)
        return _first(json.loads(content))

    async def _judge(self, assignment: str) -> str | None:
        answer = await self._send_verdict(assignment, self.told.next_seconds, lease=1)
        return _first(answer["next"])

    async def _send_verdict(self, assignment: str, seconds: list[float], **more: int) -> Any:
        key = str(uuid4())
        body = {"client_key": key, "outcome": self._coin.choice(("left", "right")), **more}
        path = f"/api/v1/assignments/{assignment}/comparison/"
        content = await self._ask("POST", path, json.dumps(body).encode(), seconds)
        self.told.acknowledged.append(key)
        return json.loads(content)


class SteppingProgram(Program):
    """Uses the API in two requests: the verdict, then the lease of the next pair."""

    async def _judge(self, assignment: str) -> str | None:
        await self._send_verdict(assignment, self.told.verdict_seconds)
        return await self._begin()


class Browser(Annotator):
    """Uses the compare screen as its script does: each press is answered with the parts that the page has not yet."""

    def __init__(self, port: int, slug: str, session: str, *, think_seconds: float = 0.0) -> None:
        headers = {
            "Cookie": f"sessionid={session}; csrftoken={'a' * 32}",
            "X-CSRFToken": "a" * 32,
            "Referer": "http://127.0.0.1/",
            "Content-Type": "application/x-www-form-urlencoded",
            "HX-Request": "true",
        }
        super().__init__(port, slug, headers, think_seconds=think_seconds)
        self._ahead: list[str] = []

    async def _begin(self) -> str | None:
        return await self._next(await self._ask("GET", f"/p/{self._slug}/compare", b"", self.told.next_seconds))

    async def _judge(self, assignment: str) -> str | None:
        key = str(uuid4())
        press = [("assignment", assignment), ("client_key", key), ("choice", self._coin.choice(("left", "right")))]
        body = urlencode([*press, *(("have", one) for one in self._ahead)]).encode()
        content = await self._ask("POST", f"/p/{self._slug}/compare", body, self.told.next_seconds)
        self.told.acknowledged.append(key)
        return await self._next(content)

    async def _next(self, parts: bytes) -> str | None:
        self._ahead += re.findall(r'data-assignment="([^"]+)"', parts.decode())
        return self._ahead.pop(0) if self._ahead else None


def _first(lease: Any) -> str | None:
    return next((str(one["id"]) for one in lease["assignments"]), None)


def let_work(annotators: list[Annotator], *, seconds: float) -> float:
    """Let everybody work at once for so long; return the seconds that it took until the last answer."""
    start = time.monotonic()

    async def all_at_once() -> None:
        await asyncio.gather(*(annotator.work(start + seconds) for annotator in annotators))

    asyncio.run(all_at_once())
    return time.monotonic() - start
