"""What is written to a client within one turn of the event loop leaves in one piece, and in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from taskmanager.serving.gathering_transport import GatheringTransport


class Sent:
    """A transport that notes what it is told."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def close(self) -> None:
        self.pieces.append(b"<closed>")

    def abort(self) -> None:
        self.pieces.append(b"<aborted>")

    def is_closing(self) -> bool:
        return b"<closed>" in self.pieces


def made() -> tuple[GatheringTransport, Sent]:
    sent = Sent()
    return GatheringTransport(sent, asyncio.get_running_loop()), sent  # type: ignore[arg-type]


async def test_head_and_body_leave_in_one_piece_at_the_end_of_the_turn() -> None:
    transport, sent = made()
    transport.write(b"head ")
    transport.write(b"body")
    assert sent.pieces == []
    await asyncio.sleep(0)
    transport.write(b"next")
    await asyncio.sleep(0)
    assert sent.pieces == [b"head body", b"next"]


async def test_what_was_written_leaves_before_the_connection_is_closed() -> None:
    transport, sent = made()
    transport.write(b"last words")
    transport.close()
    await asyncio.sleep(0)
    assert sent.pieces == [b"last words", b"<closed>"]
    assert transport.is_closing()


async def test_an_abort_sends_nothing_any_more() -> None:
    transport, sent = made()
    transport.write(b"too late")
    transport.abort()
    await asyncio.sleep(0)
    assert sent.pieces == [b"<aborted>"]


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[asyncio.StreamReader, GatheringTransport]]:
    """A client that reads, and the transport of a server that writes to it."""
    server_side: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_side.set_result(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    kept = await server_side  # a writer that nobody keeps closes its transport, from Python 3.13 on
    try:
        yield reader, GatheringTransport(kept.transport, asyncio.get_running_loop())  # type: ignore[arg-type]
    finally:
        kept.close()
        writer.close()
        server.close()


async def test_a_large_answer_arrives_whole_over_a_socket() -> None:
    pieces = [bytes([number % 256]) * 10_000 for number in range(300)]
    async with connected() as (reader, transport):
        for piece in pieces:
            transport.write(piece)
        transport.close()
        assert await reader.read() == b"".join(pieces)
