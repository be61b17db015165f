"""A connection that sends at once what its channels write within one step of the event loop.

pika gives each frame to the socket alone, and a message has three of them: three system calls for its sender,
and up to three pieces to read for the broker.
"""

import asyncio
from typing import Any

from pika.adapters.asyncio_connection import AsyncioConnection


class GatheringConnection(AsyncioConnection):  # type: ignore[misc]  # pika has no types
    """pika's connection, with what is written gathered until the event loop gets its turn."""

    def __init__(self, *given: Any, **named: Any) -> None:
        """As pika's, which begins to connect at once."""
        self._gathered: list[bytes] = []
        super().__init__(*given, **named)

    def _adapter_emit_data(self, data: bytes) -> None:
        """What adapters of pika override to send; the order stays as it is."""
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self._emit)
        self._gathered.append(data)

    def _emit(self) -> None:
        data = b"".join(self._gathered)
        self._gathered.clear()
        if self._transport is not None:  # else the connection is lost, with all that was not sent yet
            super()._adapter_emit_data(data)
