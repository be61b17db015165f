"""What the processes of a slot print: read without blocking, cut into lines, bounded."""

import asyncio
import os
from collections.abc import Callable

_CHUNK_BYTES = 65536
LINE_BYTES = 16_000
"""Longer lines are cut into pieces."""


class OutputPipe:
    """The reading end of a slot's stdout and stderr; `descriptor` is what its processes write to."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = b""
        self._reading, self.descriptor = os.pipe()
        os.set_blocking(self._reading, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._reading, self._read_some)

    def close_writing(self) -> None:
        """Only the slot keeps the other end."""
        os.close(self.descriptor)

    def drain(self) -> None:
        """Take at once all that was printed up to now."""
        while self._read_some():
            continue
        if self._rest:
            self._pass_on(self._rest)
            self._rest = b""

    def close(self) -> None:
        """Take what is left and stop reading."""
        self.drain()
        self._loop.remove_reader(self._reading)
        os.close(self._reading)

    def _read_some(self) -> bool:
        try:
            chunk = os.read(self._reading, _CHUNK_BYTES)
        except BlockingIOError:
            return False
        if not chunk:
            self._loop.remove_reader(self._reading)
            return False
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._pass_on(line)
        if len(self._rest) > LINE_BYTES:
            self._pass_on(self._rest)
            self._rest = b""
        return len(chunk) == _CHUNK_BYTES or bool(lines)

    def _pass_on(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip()
        if text:
            self._on_line(text)
