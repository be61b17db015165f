"""Limits in front of every route for the body of a request: bytes, fields, time and media type.

A caller without credentials may send no more than a log-in needs. Code that reads a body gets a violation as
an error inside the route, so it is answered in the route's own format. The length of headers and the time
they take are limited by the server (`taskmanager.serving`).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskmanager.model.access import NOBODY
from taskmanager.model.reasons import Reason
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.problems import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    Problem,
    ProblemKind,
    body_too_large,
)

UNPROVED_BYTES = 16 * 1024
FORM_BYTES = 256 * 1024
MOST_FIELDS = 2_000
BODY_TIME = timedelta(seconds=30)
FORM = "application/x-www-form-urlencoded"


class BodyRefusedError(HTTPException):
    """The rest of a body is not read. While it reads a form, FastAPI lets only this kind of error through."""

    def __init__(self, problem: Problem) -> None:
        """`problem` is sent as the answer."""
        super().__init__(problem.kind.status, problem.detail)
        self.problem = problem


def declared_bytes(headers: Headers) -> int:
    """The Content-Length of a request; 0 if it is missing or not a number."""
    declared = headers.get("content-length", "0")
    return int(declared[:19]) if declared.isdecimal() else 0


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Limits in bytes: for API bodies, and for paths that accept larger ones."""

    api: int
    by_path: Mapping[str, int]

    def of(self, path: str, *, proved: bool) -> int:
        """The largest body accepted at the path, in bytes."""
        if not proved:
            return UNPROVED_BYTES
        if path.startswith(("/api/", "/itm")):
            return self.by_path.get(path, self.api)
        return FORM_BYTES


class BodyLimitMiddleware:
    """Wraps the applications; the authentication middleware has already identified the caller."""

    def __init__(self, app: ASGIApp, limits: BodyLimits, body_time: timedelta = BODY_TIME) -> None:
        """`body_time` is the limit for the whole body, from the first read."""
        self._app, self._limits, self._body_time = app, limits, body_time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "http":
            limit = self._limits.of(scope["path"], proved=scope["state"]["principal"] is not NOBODY)
            receive = _Body(Headers(scope=scope), receive, limit, self._body_time).receive
        await self._app(scope, receive, send)


class _Body:
    """The body of one request while it is being read."""

    def __init__(self, headers: Headers, receive: Receive, limit: int, time: timedelta) -> None:
        self._headers, self._receive, self._limit, self._time = headers, receive, limit, time
        self._size = self._fields = 0
        self._ends: float | None = None
        self._complete = False

    async def receive(self) -> Message:
        """The next message of the body; raises BodyRefusedError."""
        if self._complete:
            return await self._receive()  # after the body, the only message to come is the disconnect
        if self._ends is None:
            self._begin()
        try:
            async with asyncio.timeout_at(self._ends):
                message = await self._receive()
        except TimeoutError as error:
            detail = problems.BODY_TOO_SLOW(seconds=self._time.total_seconds())
            raise _refused(BODY_TIMEOUT, detail) from error
        self._count(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        return message

    def _begin(self) -> None:
        self._ends = asyncio.get_running_loop().time() + self._time.total_seconds()
        kind = self._headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind.startswith("multipart/"):
            raise _refused(UNSUPPORTED_MEDIA_TYPE, problems.NO_FILES(type=kind[:40]))
        self._is_form = kind == FORM
        if declared_bytes(self._headers) > self._limit:
            raise self._too_large()

    def _count(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            raise self._too_large()
        if self._is_form:
            self._fields += part.count(b"&")
            if self._fields >= MOST_FIELDS:
                raise _refused(BODY_TOO_LARGE, problems.TOO_MANY_FIELDS(most=MOST_FIELDS))

    def _too_large(self) -> BodyRefusedError:
        return BodyRefusedError(body_too_large(self._limit).problem)


def _refused(kind: ProblemKind, detail: Reason) -> BodyRefusedError:
    return BodyRefusedError(Problem(kind, detail))
