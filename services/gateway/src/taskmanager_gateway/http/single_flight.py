"""One call for all who ask at the same time, and its answers kept for a moment. Knows not what they mean."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from taskmanager.errors import StoreUnavailableError

K = TypeVar("K")
V = TypeVar("V")

FRESH = timedelta(seconds=5)
"""So long an answer is as good as a new one; a hint of a change makes it void at once."""
KEPT = timedelta(minutes=5)
"""So long it goes on to count while the store is away."""
LIMIT = 10_000


class SingleFlight(Generic[V]):
    """Who asks while a call is under way gets its answer."""

    def __init__(self, call: Callable[[], Coroutine[Any, Any, V]], name: str) -> None:
        """`name` is that of the task."""
        self._call, self._name = call, name
        self._task: asyncio.Task[V] | None = None

    async def get(self, *, anew: bool = False) -> V:
        """The answer; with `anew` of a call that begins now. Who gives up leaves the call to the others."""
        if anew or self._task is None or self._task.done():
            self._task = flight(self._call(), self._name)
        return await asyncio.shield(self._task)


def flight(call: Coroutine[Any, Any, V], name: str) -> "asyncio.Task[V]":
    """A task whose error counts as seen: whoever waited for it may have given up."""
    task = asyncio.create_task(call, name=name)
    task.add_done_callback(_retrieve)
    return task


@dataclass(frozen=True, slots=True)
class _Answer(Generic[V]):
    value: V
    at: float


class SingleFlightCache(Generic[K, V]):
    """The last answers, by key. Of those who ask the same at the same time one asks the store."""

    def __init__(
        self,
        load: Callable[[K], Awaitable[V]],
        *,
        worth: Callable[[V], bool] = lambda _: True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`load` asks the store; an answer that is not `worth` it is not kept."""
        self._load, self._worth, self._now = load, worth, now
        self._answers: OrderedDict[K, _Answer[V]] = OrderedDict()
        self._loading: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """The answer; raises StoreUnavailableError if there is none that counts."""
        known = self._answers.get(key)
        if known is not None and self._age(known) < FRESH:
            return known.value
        try:
            return await asyncio.shield(self._loaded(key))
        except StoreUnavailableError:
            if known is None or self._answers.get(key) is not known or self._age(known) >= KEPT:
                raise
            return known.value

    def forget(self) -> None:
        """Something changed: what is known or being read now is void."""
        self._answers.clear()
        self._loading.clear()

    def _age(self, answer: _Answer[V]) -> timedelta:
        return timedelta(seconds=self._now() - answer.at)

    def _loaded(self, key: K) -> asyncio.Task[V]:
        if key not in self._loading:
            self._loading[key] = flight(self._read(key), "access")
        return self._loading[key]

    async def _read(self, key: K) -> V:
        begun, this = self._now(), asyncio.current_task()
        try:
            value = await self._load(key)
            if self._loading.get(key) is this and self._worth(value):
                self._keep(key, _Answer(value, begun))
            return value
        finally:
            if self._loading.get(key) is this:
                del self._loading[key]

    def _keep(self, key: K, answer: _Answer[V]) -> None:
        self._answers[key] = answer
        self._answers.move_to_end(key)
        if len(self._answers) > LIMIT:
            self._answers.popitem(last=False)


def _retrieve(task: "asyncio.Task[V]") -> None:
    if not task.cancelled():
        task.exception()
