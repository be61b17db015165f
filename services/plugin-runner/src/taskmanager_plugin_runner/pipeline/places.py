"""Which attempts may let their plugin work: as many at a time as the runner has slots.

An attempt enters when its job is granted and leaves when its plugin has worked, or it ends before. It takes a
place when its input is there. One that enters while as many others as there are places have not left began
ahead: its input is brought while they work. Knows neither files nor the scheduler.
"""

import asyncio
import heapq
from collections.abc import Callable

from taskmanager_plugin_runner.messaging.leases import Reference


class Places:
    """The places of one runner, numbered from 0."""

    def __init__(self, count: int) -> None:
        """All `count` are free."""
        self.count = count
        self.on_left: Callable[[], object] = lambda: None
        """Called when an attempt has left, after the next one was given its place."""
        self._free = list(range(count))
        self._ahead: dict[Reference, bool] = {}
        self._held: dict[Reference, int] = {}
        self._waiting: dict[Reference, asyncio.Future[int]] = {}
        self._frozen = False

    @property
    def entered(self) -> int:
        """How many attempts have entered and not left."""
        return len(self._ahead)

    @property
    def ahead(self) -> tuple[Reference, ...]:
        """Those that are ahead, in the order in which they entered."""
        return tuple(key for key in self._ahead if self.is_ahead(key))

    def is_ahead(self, key: Reference) -> bool:
        """Whether the attempt has no place yet, and began ahead or waits for one."""
        return (self._ahead.get(key, False) or key in self._waiting) and key not in self._held

    def enter(self, key: Reference) -> None:
        """The job is granted."""
        self._ahead[key] = len(self._ahead) >= self.count

    def take(self, key: Reference, preferred: int) -> asyncio.Future[int]:
        """The number of a place, as soon as there is one; `preferred` if it is free now.

        To stop waiting, call `leave`.
        """
        place: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[key] = place
        if self._free and not (self._frozen and self._ahead[key]):
            self._give(key, preferred if preferred in self._free else self._free[0])
        return place

    def take_free(self, key: Reference, preferred: int) -> int:
        """Enter, and take a place at once; there must be a free one."""
        self.enter(key)
        return self.take(key, preferred).result()

    def pass_on(self, key: Reference, other: Reference) -> None:
        """Another attempt works at the place of this one from now on."""
        self._ahead[other] = self._ahead.pop(key)
        self._held[other] = self._held.pop(key)

    def leave(self, key: Reference) -> None:
        """The plugin has worked, or never will. May be repeated."""
        if self._ahead.pop(key, None) is None:
            return
        if (waiting := self._waiting.pop(key, None)) is not None:
            waiting.cancel()
        if (place := self._held.pop(key, None)) is not None:
            heapq.heappush(self._free, place)
        self._give_all()
        self.on_left()

    def freeze(self) -> None:
        """Give no place to those that are ahead until `thaw`: an order may be on its way."""
        self._frozen = True

    def thaw(self) -> None:
        """The orders are known and obeyed."""
        self._frozen = False
        self._give_all()

    def _give_all(self) -> None:
        """In the order in which they entered."""
        ready = () if self._frozen else [key for key in self._ahead if key in self._waiting]
        for key in ready[: len(self._free)]:
            self._give(key, self._free[0])

    def _give(self, key: Reference, place: int) -> None:
        self._free.remove(place)
        heapq.heapify(self._free)
        self._held[key] = place
        waiting = self._waiting.pop(key)
        if not waiting.done():
            waiting.set_result(place)
