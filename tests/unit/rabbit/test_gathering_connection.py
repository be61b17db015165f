"""What is written within one turn of the loop reaches the socket in few pieces, complete and in order."""

import asyncio
from types import SimpleNamespace

import pytest

from taskmanager.rabbit import gathering_connection as module
from taskmanager.rabbit.gathering_connection import GatheringConnection


class Socket:
    """In place of pika's transport."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.pieces.append(data)


def connected(socket: Socket | None) -> GatheringConnection:
    """A connection that has just been made, without the handshake."""
    made = GatheringConnection.__new__(GatheringConnection)
    made._nbio = SimpleNamespace(get_native_ioloop=asyncio.get_running_loop)
    made._transport, made.bytes_sent, made.frames_sent = socket, 0, 0
    return made


async def turn() -> None:
    """Let what was scheduled for the next turn of the loop run."""
    scheduled = asyncio.Event()
    asyncio.get_running_loop().call_soon(scheduled.set)
    await scheduled.wait()


async def test_the_frames_of_one_turn_are_one_piece_and_those_of_the_next_another() -> None:
    connection = connected(socket := Socket())

    connection._output_marshaled_frames([b"method", b"header", b"body"])
    connection._output_marshaled_frames([b" and more"])
    assert socket.pieces == []
    await turn()
    connection._output_marshaled_frames([b"later"])
    await turn()

    assert socket.pieces == [b"methodheaderbody and more", b"later"]


async def test_a_piece_does_not_grow_beyond_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE_BYTES", 10)
    connection = connected(socket := Socket())

    connection._output_marshaled_frames([b"12345", b"67890", b"x", b"one that is too long", b"y", b"z"])
    await turn()

    assert socket.pieces == [b"1234567890", b"x", b"one that is too long", b"yz"]


async def test_what_is_written_to_a_lost_connection_is_dropped() -> None:
    connection = connected(None)
    connection._output_marshaled_frames([b"late"])
    await turn()

    connection._transport = socket = Socket()
    connection._output_marshaled_frames([b"new"])
    await turn()

    assert socket.pieces == [b"new"]
