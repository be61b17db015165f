"""The output of a slot's processes: read without blocking, cut into lines, bounded."""

import asyncio
import os
from collections.abc import Callable

_CHUNK_BYTES = 65536
LINE_BYTES = 16_000
"""Longer lines are cut into pieces."""


class OutputPipe:
    """The reading end of a slot's stdout and stderr; its processes write to `descriptor`."""

    def __init__(self, on_line: Callable[[str], None], before: Callable[[], None] = lambda: None) -> None:
        """`before` is called when there is something to read, before it is read."""
        self._on_line, self._before = on_line, before
        self._rest = b""
        self._reading, self.descriptor = os.pipe()
        os.set_blocking(self._reading, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._reading, self._on_readable)

    def close_writing(self) -> None:
        """Close our copy of the writing end, so that only the slot has it."""
        os.close(self.descriptor)

    def drain(self) -> None:
        """Read at once everything printed so far."""
        while self._read_some():
            continue
        if self._rest:
            self._pass_on(self._rest)
            self._rest = b""

    def close(self) -> None:
        """Read what is left and stop reading."""
        self.drain()
        self._loop.remove_reader(self._reading)
        os.close(self._reading)

    def _on_readable(self) -> None:
        self._before()
        self._read_some()

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
