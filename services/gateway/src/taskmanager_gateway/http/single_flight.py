"""One call for all concurrent callers, and a short-lived cache. Independent of what is called."""

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
"""How long an answer is used without asking again; a hint that something changed invalidates it at once."""
KEPT = timedelta(minutes=5)
"""How long an answer may be used while the store is unavailable."""
LIMIT = 10_000


class SingleFlight(Generic[V]):
    """Callers that come while a call is in progress share its result."""

    def __init__(self, name: str) -> None:
        """`name` is that of the asyncio task."""
        self._name = name
        self._task: asyncio.Task[V] | None = None

    async def get(self, call: Callable[[], Coroutine[Any, Any, V]], *, anew: bool = False) -> V:
        """The result of the call in progress, else of `call`; with `anew`, of `call` in any case.

        A cancelled caller leaves the call to the others.
        """
        if anew or self._task is None or self._task.done():
            self._task = flight(call(), self._name)
        return await asyncio.shield(self._task)


def flight(call: Coroutine[Any, Any, V], name: str) -> "asyncio.Task[V]":
    """A task whose exception counts as retrieved, because its callers may have been cancelled."""
    task = asyncio.create_task(call, name=name)
    task.add_done_callback(_retrieve)
    return task


@dataclass(frozen=True, slots=True)
class _Answer(Generic[V]):
    value: V
    at: float


class SingleFlightCache(Generic[K, V]):
    """The latest answers, by key. Of concurrent callers with the same key only one asks the store."""

    def __init__(
        self,
        load: Callable[[K], Awaitable[V]],
        *,
        worth: Callable[[V], bool] = lambda _: True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`load` asks the store; an answer for which `worth` is false is not kept."""
        self._load, self._worth, self._now = load, worth, now
        self._answers: OrderedDict[K, _Answer[V]] = OrderedDict()
        self._loading: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """The answer; raises StoreUnavailableError if there is neither a new nor a usable old one."""
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
        """Discard all answers, including those being loaded: something has changed."""
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
