"""The slot's end of the socket to its runner, or the plugin process's end of that to its slot."""

import os
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from taskmanager_plugin_runner.slot_protocol import (
    Settled,
    SlotBunch,
    SlotControl,
    SlotEvent,
    SlotOptions,
    SlotOrder,
    Tenure,
    decode_order,
    encode_event,
)
from taskmanager_plugin_runner.system.bunch_pipes import SlotPipes

Said = SlotControl | Tenure | Settled
"""What may be received while a step is in progress."""


class SlotLine:
    """The socket to the runner: orders in, events out, from any thread."""

    def __init__(self, descriptor: int, pipes: SlotPipes | None = None) -> None:
        """Take over the socket; nothing that a plugin starts inherits it. `pipes` are for bunches of jobs."""
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the standard library's signature
        self._socket = socket.socket(fileno=descriptor)
        self._lines: IO[bytes] = self._socket.makefile("rb")
        self._orders: queue.SimpleQueue[SlotOrder | SlotBunch | Exception | None] = queue.SimpleQueue()
        self._pipes, self._quiet = pipes, False
        self._lock = threading.Lock()
        self.threads: tuple[int, ...] = ()
        """The system's ids of the two threads that live as long as the line: it takes orders, and listens."""

    def options(self) -> SlotOptions | None:
        """The first line; None if the runner hung up first. Call this before `orders`."""
        line = self._lines.readline()
        return SlotOptions.decode(line) if line else None

    def orders(self, on_control: Callable[[Said], None]) -> Iterator[SlotOrder | SlotBunch]:
        """Orders as they come, until the runner hangs up; another thread calls `on_control` at once."""
        listener = threading.Thread(target=self._listen, args=(on_control,), name="orders", daemon=True)
        listener.start()
        self.threads = (threading.get_native_id(), listener.native_id or 0)
        while (order := self._orders.get()) is not None:
            if isinstance(order, Exception):
                raise order
            yield order

    def _listen(self, on_control: Callable[[Said], None]) -> None:
        try:
            for line in self._lines:
                said = decode_order(line)
                if isinstance(said, SlotOrder | SlotBunch):
                    self._orders.put(said)
                else:
                    on_control(said)
        except Exception as error:  # noqa: BLE001 - the thread that waits for orders must hear of it
            self._orders.put(error)
        self._orders.put(None)

    def send(self, event: SlotEvent) -> None:
        """Send an event to the runner; blocks while the runner does not read."""
        line = encode_event(event)
        with self._lock:
            if self._quiet and self._pipes is not None:
                self._pipes.report(line)
            else:
                self._socket.sendall(line)

    @contextmanager
    def quiet(self) -> Iterator[SlotPipes]:
        """In the meantime, what is sent does not wake the runner. Raises ValueError if there are no pipes."""
        if self._pipes is None:
            raise ValueError("a bunch of jobs, and no pipes for it")
        with self._lock:
            self._quiet = True
        try:
            yield self._pipes
        finally:
            with self._lock:
                self._quiet = False
