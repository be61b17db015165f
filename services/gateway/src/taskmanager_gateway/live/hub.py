"""Passes changes on to those who wait for them in this process; a listener that is too slow is dropped."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from taskmanager.messages import Change, Changes
from taskmanager.model.states import Tab
from taskmanager_gateway.metrics import STREAMS_DROPPED


class Watchers:
    """Wakes those who wait for news about one job. Level-triggered: the news only says "look again"."""

    def __init__(self) -> None:
        """Start with no one waiting."""
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextlib.contextmanager
    def watch(self, job: str) -> Iterator[asyncio.Event]:
        """An event that is set at any news about the job while the block runs."""
        news = asyncio.Event()
        self._waiting[job].add(news)
        try:
            yield news
        finally:
            self._waiting[job].discard(news)
            if not self._waiting[job]:
                del self._waiting[job]

    def notify(self, job: str) -> None:
        """Wake those who wait for news about the job."""
        for news in self._waiting.get(job, ()):
            news.set()

    def notify_all(self) -> None:
        """Wake everyone, because changes may have been missed or the process is stopping."""
        for waiting in self._waiting.values():
            for news in waiting:
                news.set()


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One server-sent event."""

    type: str
    data: str


@dataclass(frozen=True, slots=True)
class Interest:
    """What a listener wants to receive; None means everything."""

    plugin: str | None = None
    tab: Tab | None = None
    plugins: tuple[str, ...] | None = None
    """The plugins within the listener's reach."""

    def covers(self, change: Change) -> bool:
        """Whether the listener wants this change of a job. The tab is the job's current one."""
        return self.concerns(change.plugin) and self.tab in (None, change.tab)

    def concerns(self, plugin: str) -> bool:
        """Whether the listener wants news of the plugin and may receive it."""
        return self.plugin in (None, plugin) and (self.plugins is None or plugin in self.plugins)


class Listener:
    """One open event stream."""

    def __init__(self, interest: Interest, limit: int) -> None:
        """At most `limit` events are queued."""
        self.interest = interest
        self._limit = limit
        self._events: asyncio.Queue[LiveEvent | None] = asyncio.Queue()

    def offer(self, event: LiveEvent) -> bool:
        """Queue the event; False if the queue is full."""
        if self._events.qsize() >= self._limit:
            return False
        self._events.put_nowait(event)
        return True

    def end(self, last: LiveEvent | None = None) -> None:
        """Discard what is queued, send `last` and end the stream."""
        while not self._events.empty():
            self._events.get_nowait()
        if last is not None:
            self._events.put_nowait(last)
        self._events.put_nowait(None)

    async def events(self) -> AsyncIterator[LiveEvent]:
        """The events as they arrive, until the stream is ended."""
        while (event := await self._events.get()) is not None:
            yield event


class Hub:
    """Sends every change to each listener that wants it; independent of HTTP."""

    def __init__(self, queue_limit: int) -> None:
        """`queue_limit` events may queue up for one listener."""
        self._queue_limit = queue_limit
        self._listeners: set[Listener] = set()
        self._closed = False

    @contextlib.contextmanager
    def listen(self, interest: Interest) -> Iterator[Listener]:
        """A listener that receives events while the block runs."""
        listener = Listener(interest, self._queue_limit)
        self._listeners.add(listener)
        if self._closed:
            listener.end()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def publish(self, changes: Changes) -> None:
        """Send what one commit changed."""
        if not self._listeners:
            return
        for change in changes.changes:
            self._send(LiveEvent("job", change.model_dump_json()), change)
        for plugin in changes.plugins:
            self._send(LiveEvent("plugin", f'{{"plugin":"{plugin}"}}'), plugin)
        for operation in changes.operations:
            self._send(LiveEvent("operation", f'{{"operation":"{operation}"}}'), None)

    def hang_up(self, reason: str) -> None:
        """End all streams, because rights may have been reduced: listeners have to authenticate again."""
        for listener in list(self._listeners):
            self._listeners.discard(listener)
            listener.end(LiveEvent("reset", f'{{"reason":"{reason}"}}'))

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        for listener in self._listeners:
            listener.end()

    def _send(self, event: LiveEvent, subject: Change | str | None) -> None:
        for listener in list(self._listeners):
            if _wanted(listener.interest, subject) and not listener.offer(event):
                STREAMS_DROPPED.inc()
                self._listeners.discard(listener)
                listener.end(LiveEvent("reset", '{"reason":"this listener was too slow"}'))


def _wanted(interest: Interest, subject: Change | str | None) -> bool:
    if isinstance(subject, Change):
        return interest.covers(subject)
    return subject is None or interest.concerns(subject)
