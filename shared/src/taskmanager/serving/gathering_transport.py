"""A transport that sends the head and the body of an answer together.

uvicorn writes them one after the other: two system calls, and two pieces that wake the client.
"""

import asyncio
from typing import Any


class GatheringTransport:
    """A socket's transport, with what is written within one turn of the event loop in one piece."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Whatever is not about sending is left to `transport`."""
        self._transport, self._loop = transport, loop
        self._gathered: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        """What the transport itself does."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send this at the end of the turn, behind what was written in it before."""
        if not self._gathered:
            self._loop.call_soon(self._send)
        self._gathered.append(data)

    def close(self) -> None:
        """Send what was written, then close."""
        self._send()
        self._transport.close()

    def abort(self) -> None:
        """Close at once, whatever was written."""
        self._gathered.clear()
        self._transport.abort()

    def _send(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._transport.write(b"".join(gathered))
