"""What can go wrong between a client and the fake Goobi, on demand; and the record of every request.

Sits in front of the application and knows nothing of what that does. The pages below `/fake` are never
disturbed.
"""

import asyncio
import contextlib
import random
import re
import socket
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ADMIN = "/fake"
TRANSPORT = "taskmanager.transport"
_LINGER_ZERO = struct.pack("ii", 1, 0)

GARBAGE = "<html><head><title>Sign in</title></head><body><form>user <input name=u></form></body></html>"
ERROR_PAGE = "<html><body><h1>Service Temporarily Unavailable</h1><hr>a proxy, not Goobi</body></html>"


class FaultKind(StrEnum):
    """What goes wrong."""

    SLOW = "slow"
    """The answer comes late; by then the work is done."""
    ERROR = "error"
    """An error page from a server in front of Goobi; nothing is done."""
    RESET = "reset"
    """The connection is reset; nothing is done."""
    LOST = "lost"
    """Everything is done, but the connection is reset instead of answered."""
    GARBAGE = "garbage"
    """200 with an unrelated page; nothing is done."""


@dataclass
class Fault:
    """One fault: which requests it affects, and how often.

    Attributes:
        path: a regular expression searched in path and query.
        times: how many requests it affects; None for all.
        chance: 0 to 1, the probability that it affects each of them.
        delay_seconds: what SLOW adds.
        status: what ERROR answers.
    """

    kind: FaultKind
    path: str = ""
    times: int | None = None
    chance: float = 1.0
    delay_seconds: float = 0.0
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR


@dataclass
class SeenRequest:
    """One request as received, and the answer: None if none was sent."""

    number: int
    at: datetime
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    fault: FaultKind | None = None
    status: int | None = None


@dataclass
class Faults:
    """The faults in force, of which the first match is applied; `seed` makes chances repeatable."""

    active: list[Fault] = field(default_factory=list)
    seed: int = 1

    def __post_init__(self) -> None:
        """Create a random generator of its own."""
        self._random = random.Random(self.seed)  # noqa: S311 - which request is affected is not a secret

    def set(self, *faults: Fault) -> None:
        """Replace all faults by these."""
        self.active = list(faults)

    def clear(self) -> None:
        """Remove all faults."""
        self.active = []

    def strike(self, path: str) -> Fault | None:
        """The fault that affects this request; counts it."""
        for fault in self.active:
            if fault.times == 0 or not re.search(fault.path, path) or self._random.random() >= fault.chance:
                continue
            fault.times = fault.times - 1 if fault.times is not None else None
            return fault
        return None


class TransportProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which gives the application its connection so that it can be reset."""

    def on_message_begin(self) -> None:
        """See httptools; a new request has begun."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}


class Door:
    """ASGI middleware: records each request and applies the faults."""

    def __init__(self, app: ASGIApp, faults: Faults, seen: list[SeenRequest]) -> None:
        self._app, self._faults, self._seen = app, faults, seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"].startswith(ADMIN):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        fault = self._faults.strike(f"{scope['path']}?{request.url.query}")
        seen = self._remember(request, body, fault)
        visit = _Visit(scope, receive, send, body, seen)
        await visit.suffer(self._app, fault)

    def _remember(self, request: Request, body: bytes, fault: Fault | None) -> SeenRequest:
        seen = SeenRequest(
            number=len(self._seen) + 1,
            at=datetime.now(UTC),
            method=request.method,
            path=request.url.path,
            query=request.url.query,
            headers=dict(request.headers),
            body=body.decode(errors="replace"),
            fault=fault.kind if fault else None,
        )
        self._seen.append(seen)
        return seen


class _Visit:
    """One request whose body has been read."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, body: bytes, seen: SeenRequest) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        self._seen = seen

    async def suffer(self, app: ASGIApp, fault: Fault | None) -> None:
        """Let the request through, or do what the fault does instead."""
        match fault.kind if fault else None:
            case FaultKind.ERROR:
                await self._answer(HTMLResponse(ERROR_PAGE, fault.status if fault else 0))
            case FaultKind.GARBAGE:
                await self._answer(HTMLResponse(GARBAGE))
            case FaultKind.RESET:
                await self._reset()
            case FaultKind.LOST:
                await app(self._scope, self._read, _nowhere)
                await self._reset()
            case _:
                await asyncio.sleep(fault.delay_seconds if fault else 0)
                await app(self._scope, self._read, self._write)

    async def _answer(self, response: HTMLResponse) -> None:
        await response(self._scope, self._read, self._write)

    async def _read(self) -> Message:
        return self._pending.pop() if self._pending else await self._receive()

    async def _write(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._seen.status = message["status"]
        await self._send(message)

    async def _reset(self) -> None:
        """End the connection with RST and wait until the server knows."""
        transport: asyncio.Transport = self._scope["extensions"][TRANSPORT]["transport"]
        raw: socket.socket = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):  # the client has closed it already
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        transport.abort()
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def _nowhere(_: Any) -> None:
    """Discard a lost answer."""
