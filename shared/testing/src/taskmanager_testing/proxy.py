"""A TCP proxy that misbehaves on demand, between a service under test and a server.

Passes bytes on without knowing what they mean. Listens on the loopback address only. Each mode is something a
network does to its users; all take effect at once, for existing and new connections.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 64 * 1024
ANSWER_SECONDS = 10.0
_LINGER_ZERO = struct.pack("ii", 1, 0)

T = TypeVar("T")


class Fault(StrEnum):
    """What the network does."""

    PASS = "pass"  # noqa: S105 - no password
    """Nothing wrong."""
    DROP = "drop"
    """Nothing listens: new connections are refused, existing ones are closed in order (FIN)."""
    RESET = "reset"
    """Every connection ends with a reset (RST), new ones right after they are accepted."""
    STALL = "stall"
    """Connections stay open and new ones can be made, but no bytes pass; they all pass later."""
    DELAY = "delay"
    """Each piece of data is delayed; the order is kept."""
    HALF_OPEN = "half-open"
    """Everything in one direction is silently lost, including its end. A connection that has lost something
    stays that way until it is closed, as behind a firewall that forgot it; later ones work once this is over.
    """


class Direction(StrEnum):
    """Which bytes a stall or a half-open connection holds back."""

    BOTH = "both"
    UP = "to the server"
    DOWN = "to the client"

    def covers(self, other: "Direction") -> bool:
        """Whether it includes the bytes of `other`."""
        return self in {Direction.BOTH, other}


class _Connection:
    """One client's connection and the one made for it to the server."""

    def __init__(
        self, proxy: "FaultProxy", client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._deaf: set[Direction] = set()

    async def carry(self, from_client: asyncio.StreamReader, from_server: asyncio.StreamReader) -> None:
        """Run until both directions have ended, or the connection is cut."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump(from_client, self._server, Direction.UP))
            group.create_task(self._pump(from_server, self._client, Direction.DOWN))

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction
    ) -> None:
        try:
            while data := await reader.read(CHUNK_BYTES):
                if await self._passes(direction):
                    writer.write(data)
                    await writer.drain()
            if await self._passes(direction) and writer.can_write_eof():
                writer.write_eof()
        except OSError:
            self.cut(reset=True)  # one side has gone, so the other goes too

    async def _passes(self, direction: Direction) -> bool:
        """Whether data is passed on; waits while it is held back."""
        await self._proxy.turn(direction)
        if self._proxy.swallows(direction):
            self._deaf.add(direction)
        return direction not in self._deaf

    def cut(self, *, reset: bool) -> None:
        """End both sides at once."""
        for writer in (self._client, self._server):
            if reset:
                raw: socket.socket = writer.get_extra_info("socket")
                with contextlib.suppress(OSError):  # it is closed already
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
                writer.transport.abort()
            else:
                writer.close()


class FaultProxy:
    """Listens on a port of its own and passes on to one server what `fault` lets through."""

    def __init__(self, port: int, host: str = LOOPBACK) -> None:
        """`host` and `port` are the server's."""
        self._target = (host, port)
        self._fault = Fault.PASS
        self._direction = Direction.BOTH
        self._delay = timedelta()
        self._changed = asyncio.Event()
        self._listener: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self.port = 0
        """The port it listens on, once `start` has been called."""

    @property
    def connections(self) -> int:
        """How many connections it has now."""
        return len(self._connections)

    async def start(self) -> None:
        """Listen; on the same port again after a fault that closed it."""
        if self._listener is None:
            self._listener = await asyncio.start_server(self._accept, LOOPBACK, self.port, reuse_address=True)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut every connection; repeatable."""
        self._fault = Fault.PASS
        self._release()
        await self._deafen()
        for connection in self._connections:
            connection.cut(reset=True)

    async def set(
        self, fault: Fault, direction: Direction = Direction.BOTH, delay: timedelta = timedelta()
    ) -> None:
        """Misbehave like this from now on; `direction` matters to STALL and HALF_OPEN, `delay` to DELAY."""
        self._fault, self._direction, self._delay = fault, direction, delay
        self._release()
        if fault is Fault.DROP:
            await self._deafen()
        else:
            await self.start()
        if fault in {Fault.DROP, Fault.RESET}:
            for connection in self._connections:
                connection.cut(reset=fault is Fault.RESET)

    async def turn(self, direction: Direction) -> None:
        """Return when data in this direction may be passed on (or lost)."""
        while self._fault is Fault.STALL and self._direction.covers(direction):
            await self._changed.wait()
        if self._fault is Fault.DELAY:
            await asyncio.sleep(self._delay.total_seconds())  # the latency of this mode

    def swallows(self, direction: Direction) -> bool:
        """Whether data in this direction is lost now."""
        return self._fault is Fault.HALF_OPEN and self._direction.covers(direction)

    def _release(self) -> None:
        """Wake everything that waits, to check again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _deafen(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(self, writer, to_server)
        if self._fault is Fault.RESET:
            connection.cut(reset=True)
            return
        self._connections.add(connection)
        try:
            await connection.carry(reader, from_server)
        finally:
            self._connections.discard(connection)
            connection.cut(reset=False)


class RunningProxy:
    """A `FaultProxy` on an event loop of its own, for tests that are not asynchronous."""

    def __init__(self, port: int) -> None:
        """`port` is the server's."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._proxy = self._call(_started(port))

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._proxy.port

    @property
    def connections(self) -> int:
        """How many connections it has now."""
        return self._proxy.connections

    def url(self, url: str) -> str:
        """The same URL, but through the proxy."""
        parts = urlsplit(url)
        credentials, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{credentials}{at}{LOOPBACK}:{self.port}"))

    def set(
        self, fault: Fault, direction: Direction = Direction.BOTH, delay: timedelta = timedelta()
    ) -> None:
        """See `FaultProxy.set`; returns when it is in effect."""
        self._call(self._proxy.set(fault, direction, delay))

    def heal(self) -> None:
        """Pass everything again."""
        self.set(Fault.PASS)

    def stop(self) -> None:
        """Cut everything and end the thread."""
        self._call(self._ended())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _ended(self) -> None:
        await self._proxy.stop()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=ANSWER_SECONDS / 2)  # they end with their connections

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWER_SECONDS)


async def _started(port: int) -> FaultProxy:
    proxy = FaultProxy(port)
    await proxy.start()
    return proxy


@contextlib.contextmanager
def running_proxy(port: int) -> Iterator[RunningProxy]:
    """A proxy in front of the server on this loopback port, for the length of a `with` block."""
    proxy = RunningProxy(port)
    try:
        yield proxy
    finally:
        proxy.stop()
