"""A proxy that lets every byte arrive later: the latency of a distant server, with nothing else changed."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def delayed(port: int, *, seconds: float) -> Iterator[int]:
    """Yield the port of a proxy to `port` that adds `seconds` to every round trip, half of it each way."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(_serve(port, seconds / 2), loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _serve(port: int, seconds: float) -> asyncio.Server:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pass(reader, there_writer, seconds), _pass(there_reader, writer, seconds))

    return await asyncio.start_server(connect, "127.0.0.1", 0)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Pass bytes on, each chunk `seconds` after it came, without holding back the reading of the next."""
    loop = asyncio.get_running_loop()
    while chunk := await reader.read(65536):
        loop.call_later(seconds, writer.write, chunk)
    loop.call_later(seconds, writer.close)
