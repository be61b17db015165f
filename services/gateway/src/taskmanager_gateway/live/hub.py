"""Hands what changed to those who wait for it in this process; a listener that is too slow is dropped."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from taskmanager.messages import Change, Changes
from taskmanager.model.states import Tab
from taskmanager_gateway.metrics import STREAMS_DROPPED


class Watchers:
    """Wakes whoever waits for news of one job. Level-triggered: the news is 'look again'."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextlib.contextmanager
    def watch(self, job: str) -> Iterator[asyncio.Event]:
        """An event that is set at every news of the job while the block runs."""
        news = asyncio.Event()
        self._waiting[job].add(news)
        try:
            yield news
        finally:
            self._waiting[job].discard(news)
            if not self._waiting[job]:
                del self._waiting[job]

    def notify(self, job: str) -> None:
        """There is news of the job."""
        for news in self._waiting.get(job, ()):
            news.set()

    def notify_all(self) -> None:
        """Hints may have been missed, or the process stops: everybody look again."""
        for waiting in self._waiting.values():
            for news in waiting:
                news.set()


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    type: str
    data: str


@dataclass(frozen=True, slots=True)
class Interest:
    """What a listener wants to hear of; None is everything."""

    plugin: str | None = None
    tab: Tab | None = None
    plugins: tuple[str, ...] | None = None
    """The plugins within the listener's reach."""

    def covers(self, change: Change) -> bool:
        """Whether the change of a job is wanted. The tab is the one the job is in now."""
        return self.concerns(change.plugin) and self.tab in (None, change.tab)

    def concerns(self, plugin: str) -> bool:
        """Whether news of the plugin is wanted and may be heard."""
        return self.plugin in (None, plugin) and (self.plugins is None or plugin in self.plugins)


class Listener:
    """One open event stream."""

    def __init__(self, interest: Interest, limit: int) -> None:
        """`limit` events may wait."""
        self.interest = interest
        self._limit = limit
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()

    def offer(self, event: Event) -> bool:
        """Queue the event; False if too many wait already."""
        if self._events.qsize() >= self._limit:
            return False
        self._events.put_nowait(event)
        return True

    def end(self, last: Event | None = None) -> None:
        """Drop what waits, say `last` and end the stream."""
        while not self._events.empty():
            self._events.get_nowait()
        if last is not None:
            self._events.put_nowait(last)
        self._events.put_nowait(None)

    async def events(self) -> AsyncIterator[Event]:
        """What comes, until the stream is ended."""
        while (event := await self._events.get()) is not None:
            yield event


class Hub:
    """Sends every change to every listener that wants it; knows nothing of HTTP."""

    def __init__(self, queue_limit: int) -> None:
        """`queue_limit` events may wait for one listener."""
        self._queue_limit = queue_limit
        self._listeners: set[Listener] = set()
        self._closed = False

    @contextlib.contextmanager
    def listen(self, interest: Interest) -> Iterator[Listener]:
        """A listener while the block runs."""
        listener = Listener(interest, self._queue_limit)
        self._listeners.add(listener)
        if self._closed:
            listener.end()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def publish(self, changes: Changes) -> None:
        """Tell what one commit changed."""
        if not self._listeners:
            return
        for change in changes.changes:
            self._send(Event("job", change.model_dump_json()), change)
        for plugin in changes.plugins:
            self._send(Event("plugin", f'{{"plugin":"{plugin}"}}'), plugin)
        for operation in changes.operations:
            self._send(Event("operation", f'{{"operation":"{operation}"}}'), None)

    def hang_up(self, reason: str) -> None:
        """Somebody may hear less from now on: end all streams, so that listeners show again who they are."""
        for listener in list(self._listeners):
            self._listeners.discard(listener)
            listener.end(Event("reset", f'{{"reason":"{reason}"}}'))

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        for listener in self._listeners:
            listener.end()

    def _send(self, event: Event, subject: Change | str | None) -> None:
        for listener in list(self._listeners):
            if _wanted(listener.interest, subject) and not listener.offer(event):
                STREAMS_DROPPED.inc()
                self._listeners.discard(listener)
                listener.end(Event("reset", '{"reason":"this listener was too slow"}'))


def _wanted(interest: Interest, subject: Change | str | None) -> bool:
    if isinstance(subject, Change):
        return interest.covers(subject)
    return subject is None or interest.concerns(subject)
