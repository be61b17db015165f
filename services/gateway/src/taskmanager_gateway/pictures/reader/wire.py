"""How gateway and reading process speak over their socket: an order with a file, an answer, in turns."""

import json
import os
import socket
import struct
import time
from typing import Any

from taskmanager_gateway.pictures.reader.orders import Made, Order

_LENGTH = struct.Struct("!II")
"""Bytes of the record, bytes of the parts."""
RECORD_MOST, CONTENT_MOST = 8 * 1024 * 1024, 512 * 1024 * 1024
"""Bytes that a gateway takes from a reading process, which may have been taken over by a picture."""
_CHUNK = 1024 * 1024
_MOMENT = 0.001
"""Seconds: with none at all, a socket does not wait for anything."""


class WireError(Exception):
    """The other end is gone, or said what is no message."""


def ask(channel: socket.socket, order: Order, descriptor: int) -> None:
    """Send an order with its file; raises OSError."""
    body = json.dumps(order.as_record()).encode()
    socket.send_fds(channel, [_LENGTH.pack(len(body), 0) + body], [descriptor])


def heard(channel: socket.socket) -> tuple[Order, int] | None:
    """The next order and a descriptor of its file, which the caller closes; None when the gateway is gone.

    Raises WireError.
    """
    first, descriptors, _, _ = socket.recv_fds(channel, _LENGTH.size, 1)
    if not first:
        return None
    if len(descriptors) != 1 or len(first) != _LENGTH.size:
        for descriptor in descriptors:
            os.close(descriptor)
        raise WireError("an order without its file")
    size, _ = _LENGTH.unpack(first)
    return Order.of(json.loads(_exactly(channel, size))), descriptors[0]


def answer(channel: socket.socket, made: Made) -> None:
    """Send what was made; raises OSError."""
    record, content = json.dumps(made.as_record()).encode(), b"".join(made.parts.values())
    channel.sendall(_LENGTH.pack(len(record), len(content)) + record)
    if content:  # without any, the gateway has its whole answer, and may be gone
        channel.sendall(content)


def answered(channel: socket.socket, seconds: float) -> Made:
    """What was made, within so many seconds; raises WireError, also for nonsense, and TimeoutError."""
    end = time.monotonic() + seconds
    record_size, content_size = _LENGTH.unpack(_exactly(channel, _LENGTH.size, end))
    if record_size > RECORD_MOST or content_size > CONTENT_MOST:
        raise WireError("the answer is too long")
    record: dict[str, Any]
    try:
        record = json.loads(_exactly(channel, record_size, end))
        return Made.of(record, _exactly(channel, content_size, end))
    except (ValueError, KeyError, TypeError) as error:
        raise WireError(f"the answer makes no sense: {error}") from error


def _exactly(channel: socket.socket, size: int, end: float | None = None) -> bytes:
    """So many bytes; `end` is when to give up, as `time.monotonic` counts."""
    parts, left = [], size
    while left:
        if end is not None:
            channel.settimeout(max(end - time.monotonic(), _MOMENT))
        part = channel.recv(min(left, _CHUNK))
        if not part:
            raise WireError("the other end is gone")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
