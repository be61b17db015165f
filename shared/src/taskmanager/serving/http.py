"""Health and metrics over HTTP for every service, and the one way a service serves HTTP (uvicorn).

Live: the event loop is running. Ready: all named parts work; the answer says which does not and why.
"""

import asyncio
import contextlib
import resource
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from taskmanager.process.logs import get_logger
from taskmanager.process.metrics import exposition
from taskmanager.serving.connections import ConnectionTable
from taskmanager.serving.limits import HttpLimits
from taskmanager.serving.protocol import BoundedProtocol

log = get_logger(__name__)

HealthCheck = Callable[[], str | None]
"""What is wrong with a part, or None if it works."""

OTHER_FILES = 256
"""Open files other than clients' connections."""
SHUTDOWN_SECONDS = 3
"""How long open requests (event streams) may delay the end of a process."""


def health_routes(checks: Mapping[str, HealthCheck]) -> list[BaseRoute]:
    """`/health/live`, `/health/ready` and `/metrics`."""

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(_: Request) -> Response:
        wrong = {name: problem for name, check in checks.items() if (problem := check()) is not None}
        body = {"status": "not ready", "problems": wrong} if wrong else {"status": "ready"}
        return JSONResponse(body, status_code=503 if wrong else 200)

    async def metrics(request: Request) -> Response:
        text, content_type = exposition(request.headers.get("accept", ""))
        return Response(text, headers={"content-type": content_type})

    return [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)]


def health_app(checks: Mapping[str, HealthCheck]) -> Starlette:
    """An application with nothing but health and metrics."""
    return Starlette(routes=health_routes(checks))


@dataclass(frozen=True, slots=True)
class Tls:
    """The PEM files of a certificate, including its chain, and of its key."""

    certificate: Path
    key: Path


def _allow_files(connections: int) -> None:
    """Ask the system to allow as many open files as the connections may need, where it has such a limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning("too_few_open_files_allowed", allowed=allowed, wanted=wanted)


class _Server(uvicorn.Server):
    """Leaves signals to `taskmanager.process.lifecycle`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no handlers."""
        yield


class HttpServer:
    """Serves one ASGI application until told to stop."""

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        limits: HttpLimits = HttpLimits(),  # noqa: B008 - frozen
        *,
        tls: Tls | None = None,
    ) -> None:
        """`port` 0 lets the system choose; with `tls`, only HTTPS is spoken."""
        self._address = (host, port)
        self._limits = limits
        protocol = partial(BoundedProtocol, limits, ConnectionTable(limits))
        config = uvicorn.Config(
            app,
            http=protocol,  # type: ignore[arg-type]  # uvicorn calls a factory
            ws="none",
            timeout_keep_alive=limits.idle_seconds,  # type: ignore[arg-type]  # the event loop gets it
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            server_header=False,
            ssl_certfile=tls.certificate if tls else None,
            ssl_keyfile=tls.key if tls else None,
            proxy_headers=False,  # it would believe every caller on this machine about its origin
        )
        self._server = _Server(config)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve; raises OSError if the port is taken."""
        _allow_files(self._limits.connections + self._limits.reserve)
        listening = socket.create_server(self._address)  # uvicorn would end the process instead of raising
        serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        self._server.should_exit = True
        stopping.cancel()
        await serving
