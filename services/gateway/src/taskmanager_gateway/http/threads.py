"""Threads for calls that may hang forever, such as those to a dead network mount."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
_Order = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class DaemonThreads:
    """A fixed number of threads, each of which runs one call at a time.

    They are daemons, unlike those of `concurrent.futures`: a call that never returns does not keep the
    process from exiting.
    """

    def __init__(self, count: int, name: str) -> None:
        """Start the threads."""
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._count = count
        for index in range(count):
            threading.Thread(target=self._serve, name=f"{name}-{index}", daemon=True).start()

    async def run(self, call: Callable[[], T]) -> T:
        """The result of `call`, run in a thread; dropped if the caller is cancelled before it begins."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._orders.put((loop, future, call))
        return await future

    def close(self) -> None:
        """Let the threads finish when they are idle."""
        for _ in range(self._count):
            self._orders.put(None)

    def _serve(self) -> None:
        while order := self._orders.get():
            loop, future, call = order
            if future.cancelled():
                continue
            try:
                result, error = call(), None
            except Exception as raised:  # noqa: BLE001 - handed to the caller, whatever it is
                result, error = None, raised
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, future, result, error)


def _settle(future: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
