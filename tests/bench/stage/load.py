"""A client that sends requests as fast as it can over keep-alive connections, at little cost.

One task per connection, each with one request in flight, as with many clients of one gateway.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httptools
import uvloop

BAD = 400


@dataclass(frozen=True)
class Burst:
    """The times of some requests in seconds: the total, and each of them."""

    seconds: float
    latencies: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection with at most one request in flight."""

    def __init__(self) -> None:
        """Made by `connect`."""
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.WriteTransport | None = None
        self._body: list[bytes] = []
        self._answer: asyncio.Future[bytes] | None = None

    @classmethod
    async def connect(cls, port: int) -> "Connection":
        """Open it."""
        _, made = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return made

    async def ask(self, request: bytes) -> bytes:
        """Send a request; returns the body of the response, or raises RuntimeError if it is refused."""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport is None:
            raise RuntimeError("the gateway closed the connection")
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment] # what a stream's transport always is

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or RuntimeError("the gateway closed the connection"))

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        body = b"".join(self._body)
        self._body.clear()
        if self._answer is None:
            return
        if (status := self._parser.get_status_code()) >= BAD:
            self._answer.set_exception(RuntimeError(f"HTTP {status}: {body.decode()}"))
        else:
            self._answer.set_result(body)


def post(path: str, document: Any) -> bytes:
    """A request as it goes over the wire."""
    body = json.dumps(document).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def get(path: str) -> bytes:
    """A request as it goes over the wire."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def send_all(port: int, requests: Sequence[bytes], connections: int) -> Burst:
    """Send every request, as many at once as there are connections; returns when all are answered."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_send_all(port, requests, connections))


async def _send_all(port: int, requests: Sequence[bytes], connections: int) -> Burst:
    opened = [await Connection.connect(port) for _ in range(connections)]
    left, latencies = iter(requests), list[float]()
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for connection in opened:
            group.create_task(_send_some(connection, left, latencies))
    seconds = time.perf_counter() - began
    for connection in opened:
        connection.close()
    return Burst(seconds, tuple(latencies))


async def _send_some(connection: Connection, left: Iterator[bytes], latencies: list[float]) -> None:
    for request in left:
        began = time.perf_counter()
        await connection.ask(request)
        latencies.append(time.perf_counter() - began)
