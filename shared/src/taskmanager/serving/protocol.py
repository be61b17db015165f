"""uvicorn's HTTP protocol over httptools, with limits on everything a client may send before it is answered.

When httptools collects a header or trailer that never ends, the cost grows with the square of its length, so
everything outside bodies is counted here before it is parsed. h11 has such a limit but takes 130 us per
request where httptools takes 49, with or without this limit (docs/performance.md).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from taskmanager.process.metrics import HTTP_REFUSED
from taskmanager.serving.connections import Admission, ConnectionTable, client_key
from taskmanager.serving.gathering_transport import GatheringTransport
from taskmanager.serving.limits import HttpLimits

ALWAYS_ANSWERED = ("/health/", "/metrics")
"""The paths for which the reserve of connections is kept."""
_HEAD = (
    b"HTTP/1.1 %b\r\ncontent-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n"
    b"cache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n"
)
_ANSWERS = {
    400: (b"400 Bad Request", b"The request is not HTTP/1.1 as RFC 9112 has it."),
    408: (b"408 Request Timeout", b"The request did not arrive in time."),
    431: (b"431 Request Header Fields Too Large", b"The headers are too many or too long."),
    503: (b"503 Service Unavailable", b"There are too many connections. Try again soon."),
}


class TooMuchError(Exception):
    """The request is not read any further; raised through the parser."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, limits: HttpLimits, crowd: ConnectionTable, *arguments: Any, **options: Any) -> None:
        """The other arguments are uvicorn's."""
        super().__init__(*arguments, **options)
        self._limits, self._crowd = limits, crowd
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._refusal = 400
        self._unframed = 0
        self._head_bytes = 0
        self._receiving = True
        self._in_head = True
        self._reserve = False
        self.client_key = ""

    @property
    def idle(self) -> bool:
        """Whether nothing is being answered."""
        return self._receiving or self.cycle is None or self.cycle.response_complete

    def give_way(self) -> None:
        """Make room for another connection."""
        HTTP_REFUSED.labels("gave_way").inc()
        self._forget_deadline()
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Admit the connection, or answer that there are too many."""
        super().connection_made(GatheringTransport(transport, self.loop))  # type: ignore[arg-type]  # it acts as one
        self.client_key = client_key(self.client[0] if self.client else "")
        seat = self._crowd.enter(self)
        self._reserve = seat is Admission.RESERVE
        if seat is Admission.NONE:
            self._end_with(503)
            return
        self._expect(self._limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Free its place."""
        self._forget_deadline()
        self._forget_stall()
        self._crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data, unless it exceeds a limit."""
        if self.transport.is_closing():
            return
        self._begin_head()
        self._unframed += len(data)
        super().data_received(data)
        if self._unframed > self._limits.head_bytes and not self.transport.is_closing():
            self._end_with(431)

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that could not be parsed, or deliberately was not."""
        del msg
        self._end_with(self._refusal)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._begin_head()
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        self._count(len(name) + len(value) + 4)
        if len(self.headers) >= self._limits.head_fields:
            self._refuse()
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Call the application, which takes over from here."""
        self._unframed = 0
        self._in_head = False
        self._expect(self._limits.body_seconds)
        if not self._reserve:
            super().on_headers_complete()
            return
        app, self.app = self.app, self.app if self._is_about_health() else service_unavailable
        try:
            super().on_headers_complete()
        finally:
            self.app = app

    def on_body(self, body: bytes) -> None:
        """Part of a body: the application decides how much of it is read."""
        self._unframed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._unframed = 0
        self._receiving = False
        self._forget_deadline()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The client is not reading."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self._limits.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client is reading again."""
        self._forget_stall()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """No request has come for a while."""
        self._close()

    def _begin_head(self) -> None:
        """The first byte of a request, or of data that is not a request."""
        if not self._receiving:
            self._receiving = self._in_head = True
            self._expect(self._limits.head_seconds)

    def _is_about_health(self) -> bool:
        return self.url.decode("ascii", "replace").startswith(ALWAYS_ANSWERED)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._limits.head_bytes:
            self._refuse()

    def _refuse(self) -> None:
        self._refusal = 431
        raise TooMuchError

    def _expect(self, seconds: float) -> None:
        self._forget_deadline()
        self._deadline = self.loop.call_later(seconds, self._late)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._end_with(408)

    def _forget_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _end_with(self, status: int) -> None:
        """Close the connection, with an answer if none has begun."""
        HTTP_REFUSED.labels(str(status)).inc()
        self._forget_deadline()
        if self._may_answer():
            line, text = _ANSWERS[status]
            self.transport.write(_HEAD % (line, len(text)) + text)
        self._close()

    def _may_answer(self) -> bool:
        if self._in_head:
            return self.cycle is None or self.cycle.response_complete
        return not self.cycle.response_started and not self.pipeline

    def _close(self) -> None:
        """Close once everything is sent, or after a while even if it is not."""
        if not self.transport.is_closing():
            self.transport.close()
            self.loop.call_later(self._limits.head_seconds, self.transport.abort)
