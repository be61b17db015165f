"""The reading processes: a few, started when they are needed, ended when they take too long or misbehave."""

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
from dataclasses import asdict
from typing import BinaryIO

from taskmanager.errors import TaskManagerError
from taskmanager_gateway.http.threads import DaemonThreads
from taskmanager_gateway.pictures.reader import wire
from taskmanager_gateway.pictures.reader.orders import Limits, Made, Order
from taskmanager_gateway.pictures.settings import PictureSettings

_PROGRAM = "taskmanager_gateway.pictures.reader.process"
_START_SECONDS = 30.0
"""Added to the limit of the first order of a process: it has to load its libraries."""
_ORDERS_MOST = 500
"""After so many a process is replaced, so that no library's leak grows."""


class ReadersBusyError(TaskManagerError):
    """More orders wait than are let wait."""


class ReaderSlowError(TaskManagerError):
    """An order took longer than its limit, and its process was ended."""


class ReaderCrashedError(TaskManagerError):
    """The process ended, or answered nonsense."""


class Readers:
    """A fixed number of processes, each with one order at a time; a bounded number of orders waits."""

    def __init__(self, count: int, waiting_most: int, limits: Limits) -> None:
        """Starts no process yet."""
        self._threads = DaemonThreads(count, "pictures")
        self._most = count + waiting_most
        self._orders = 0
        self._limits = limits
        self._idle: queue.SimpleQueue[_Reader | None] = queue.SimpleQueue()
        for _ in range(count):
            self._idle.put(None)

    @classmethod
    def of(cls, settings: PictureSettings) -> "Readers":
        """As many as an operator wants."""
        return cls(settings.processes, settings.waiting, settings.limits)

    async def made(self, order: Order, file: BinaryIO) -> Made:
        """What a process makes of the open file.

        Raises ReadersBusyError, ReaderSlowError and ReaderCrashedError.
        """
        if self._orders >= self._most:
            raise ReadersBusyError("too many pictures are being read")
        self._orders += 1
        try:
            return await self._threads.run(lambda: self._ask(order, file))
        finally:
            self._orders -= 1

    def close(self) -> None:
        """End the processes; those at work end with their order."""
        with contextlib.suppress(queue.Empty):
            while True:
                if (reader := self._idle.get_nowait()) is not None:
                    reader.end()
        self._threads.close()

    def _ask(self, order: Order, file: BinaryIO) -> Made:
        """In one of the threads, of which there are as many as processes."""
        reader = self._idle.get()
        keep: _Reader | None = None
        try:
            if reader is None:
                reader = _Reader(self._limits)
            made = reader.ask(order, file.fileno())
            keep = reader if reader.orders < _ORDERS_MOST else None
        finally:
            if keep is None and reader is not None:
                reader.end()
            self._idle.put(keep)
        return made


class _Reader:
    """One process and the socket to it."""

    def __init__(self, limits: Limits) -> None:
        self._seconds = limits.seconds
        self.orders = 0
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            self._process = self._started(theirs, limits)

    def _started(self, theirs: socket.socket, limits: Limits) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", _PROGRAM, str(theirs.fileno()), json.dumps(asdict(limits))],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                cwd="/",
                env=_ENVIRONMENT,
                start_new_session=True,  # it ends with its socket, not by signals for the gateway's group
            )
        except OSError as error:
            self._channel.close()
            raise ReaderCrashedError(str(error)) from error

    def ask(self, order: Order, descriptor: int) -> Made:
        seconds = self._seconds + (0 if self.orders else _START_SECONDS)
        self.orders += 1
        try:
            wire.ask(self._channel, order, descriptor)
            return wire.answered(self._channel, seconds)
        except TimeoutError as error:
            raise ReaderSlowError(f"{self._seconds:g}") from error
        except (wire.WireError, OSError) as error:
            raise ReaderCrashedError(self._obituary()) from error

    def end(self) -> None:
        """End it at once; one that the kernel cannot end, on a dead mount, is left to it."""
        self._channel.close()
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)

    def _obituary(self) -> str:
        self._process.kill()  # does nothing to one that has ended
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(timeout=1)
            return signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return "no end"


_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": os.defpath,
    "PYTHONDONTWRITEBYTECODE": "1",
    "VIPS_CONCURRENCY": "1",
}
"""All that a reading process gets: none of the gateway's passwords, one thread."""
