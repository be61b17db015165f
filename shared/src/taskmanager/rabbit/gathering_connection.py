"""pika's connection for asyncio, with fewer and larger writes to the socket.

pika sends each frame by a system call of its own, and a message is three frames, which the broker then also
receives one by one. Knows nothing of messages.
"""

from pika.adapters.asyncio_connection import AsyncioConnection

PIECE_BYTES = 65_536
"""No piece grows beyond this by another frame: what the socket does not take at once is copied."""


class GatheringConnection(AsyncioConnection):  # type: ignore[misc]  # pika has no types
    """Hands over everything that is written within one turn of the event loop in as few pieces as possible.

    Overrides the one method by which pika's adapters differ in how they send.
    """

    _pieces: tuple[bytearray, ...] = ()
    """What waits for the end of the turn, in order. The base class may write before it is initialised."""

    def _adapter_emit_data(self, data: bytes) -> None:
        if not self._pieces:
            self.ioloop.call_soon(self._hand_over)
        if self._pieces and len(self._pieces[-1]) + len(data) <= PIECE_BYTES:
            self._pieces[-1].extend(data)
        else:
            self._pieces = (*self._pieces, bytearray(data))

    def _hand_over(self) -> None:
        pieces, self._pieces = self._pieces, ()
        if self._transport is not None:  # the connection may have been lost in this turn
            for piece in pieces:
                self._transport.write(bytes(piece))
