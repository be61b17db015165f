"""An HTTP server as every service starts it, attacked over real sockets on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from taskmanager.serving.http import HttpServer, health_routes
from taskmanager.serving.limits import HttpLimits
from taskmanager_local.commands import free_port
from taskmanager_testing.waiting import eventually_async


@dataclass
class Server:
    """A running server; `busy` requests wait until `release` is set."""

    port: int
    release: asyncio.Event

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A new connection."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, request: bytes) -> bytes:
        """Send a request; returns everything received until the server closes the connection."""
        reader, writer = await self.connect()
        with contextlib.suppress(ConnectionError):
            writer.write(request)
            await writer.drain()
        answer = await until_closed(reader)
        writer.close()
        return answer

    async def health(self) -> bytes:
        """The response of the liveness check."""
        return await self.ask(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """Everything received, even if the connection is reset."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(65536):
            received += part
    return received


StartServer = Callable[[HttpLimits], "contextlib.AbstractAsyncContextManager[Server]"]


@pytest.fixture
def serve() -> StartServer:
    """Starts a server with these limits."""

    @contextlib.asynccontextmanager
    async def start(limits: HttpLimits) -> AsyncIterator[Server]:
        stop, release = asyncio.Event(), asyncio.Event()

        async def busy(_: Request) -> Response:
            await release.wait()
            return PlainTextResponse("done")

        async def echo(request: Request) -> Response:
            return PlainTextResponse(str(len(await request.body())))

        async def deaf(_: Request) -> Response:
            return PlainTextResponse("not read")

        routes = [Route("/busy", busy), Route("/echo", echo, methods=["POST"])]
        routes.append(Route("/deaf", deaf, methods=["POST"]))
        app = Starlette(routes=[*routes, *health_routes({})])
        port = free_port()
        serving = asyncio.create_task(HttpServer(app, "127.0.0.1", port, limits).run(stop))
        server = Server(port, release)
        await eventually_async(lambda: _answers(server))
        try:
            yield server
        finally:
            release.set()
            stop.set()
            await serving

    return start


async def _answers(server: Server) -> bool:
    try:
        return (await server.health()).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False
