"""What open pages hear: at most once a second, for each plugin, a digest of what changed there.

Fifty pages that heard of each of two thousand changes a second would take the gateway's whole time. A digest
is made and written as JSON once for all pages of a plugin, and nothing is collected while nobody looks.
A digest is a hint like every change: the page reads again. Knows nothing of HTTP and of no stored job.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic_core import to_json

from taskmanager.messages import Change, Changes
from taskmanager_gateway.live.hub import Event, Interest, Listener
from taskmanager_gateway.metrics import STREAMS_DROPPED

INTERVAL = timedelta(seconds=1)
GATHER = timedelta(milliseconds=50)
"""How long the first change after a quiet time waits for others of the same action."""
JOBS_NAMED = 200
"""More changed jobs than that are not named: the page reads its rows again, whichever they are."""
OPERATIONS_NAMED = 50
QUEUE_LIMIT = 30
"""Digests that may wait for one slow page before it is dropped: half a minute."""


@dataclass(slots=True)
class _Collected:
    """What happened in one plugin since the last digest."""

    jobs: dict[str, Change] = field(default_factory=dict)
    many: bool = False
    arrived: Counter[str] = field(default_factory=Counter)
    counts: bool = False
    plugin: bool = False

    def add(self, change: Change) -> None:
        """Take one change of a job; of two the later counts."""
        if change.was is not change.status:
            self.counts = True
            if change.was is None or change.was.tab is not change.tab:
                self.arrived[change.tab.value] += 1
        known = self.jobs.get(change.job)
        if self.many or (known is not None and known.rev > change.rev):
            return
        self.jobs[change.job] = change
        if len(self.jobs) > JOBS_NAMED:
            self.add_many()

    def add_many(self) -> None:
        """More jobs changed than are named."""
        self.many = self.counts = True
        self.jobs.clear()

    def flags(self) -> dict[str, object]:
        """What the home page hears of the plugin."""
        return {"counts": self.counts, "plugin": self.plugin, "arrived": self.arrived}

    def whole(self) -> dict[str, object]:
        """What the pages of the plugin hear."""
        named = [
            {"job": one.job, "rev": one.rev, "status": one.status, "tab": one.tab}
            for one in self.jobs.values()
        ]
        return {"jobs": named, "many": self.many, **self.flags()}


@dataclass(frozen=True, slots=True, eq=False)
class _Viewer:
    """One open page; `among`: the plugins its reader may see, None for all."""

    listener: Listener
    among: frozenset[str] | None

    @property
    def plugin(self) -> str | None:
        return self.listener.interest.plugin


class Digests:
    """Collects what changed and tells the pages that are open."""

    def __init__(self, interval: timedelta = INTERVAL, queue_limit: int = QUEUE_LIMIT) -> None:
        """At most one digest each `interval`; `queue_limit` of them may wait for one page."""
        self._interval, self._queue_limit = interval.total_seconds(), queue_limit
        self._viewers: set[_Viewer] = set()
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._told = float("-inf")
        self._clear()

    @contextlib.contextmanager
    def listen(self, plugin: str | None, among: frozenset[str] | None = None) -> Iterator[Listener]:
        """A page while the block runs: of one plugin, or with None of all that are `among` the visible."""
        listener = Listener(Interest(plugin), self._queue_limit)
        viewer = _Viewer(listener, among)
        self._viewers.add(viewer)
        if self._closed:
            listener.end()
        try:
            yield listener
        finally:
            self._viewers.discard(viewer)

    def publish(self, changes: Changes) -> None:
        """Collect what one commit changed."""
        if not self._viewers:
            return
        for change in changes.changes:
            self._of(change.plugin).add(change)
        for plugin in changes.plugins:
            if changes.jobs:
                self._of(plugin).add_many()
            self._of(plugin).plugin = True
        self._operations |= dict.fromkeys(changes.operations)
        self._tell_soon()

    def hang_up(self, reason: str) -> None:
        """Somebody may see less from now on: end all streams, so that pages show again whose they are."""
        for viewer in list(self._viewers):
            self._end(viewer, reason)
        self._clear()

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for viewer in self._viewers:
            viewer.listener.end()

    def tell(self) -> None:
        """Send what was collected to all pages it concerns."""
        self._timer = None
        self._told = asyncio.get_running_loop().time()
        written: dict[object, Event | None] = {}
        for viewer in list(self._viewers):
            key = viewer.plugin or viewer.among
            if key not in written:
                written[key] = self._digest(viewer)
            event = written[key]
            if event is not None and (
                viewer.plugin is None or viewer.among is None or viewer.plugin in viewer.among
            ):
                self._send(viewer, event)
        self._clear()

    def _clear(self) -> None:
        self._collected: dict[str, _Collected] = {}
        self._operations: dict[str, None] = {}

    def _of(self, plugin: str) -> _Collected:
        return self._collected.setdefault(plugin, _Collected())

    def _tell_soon(self) -> None:
        if self._timer is None and not self._closed:
            loop = asyncio.get_running_loop()
            wait = max(GATHER.total_seconds(), self._told + self._interval - loop.time())
            self._timer = loop.call_later(wait, self.tell)

    def _digest(self, viewer: _Viewer) -> Event | None:
        """None if nothing happened that this page shows."""
        around = {"operations": list(self._operations)[-OPERATIONS_NAMED:]}
        if viewer.plugin is not None:
            own = self._collected.get(viewer.plugin)
            if own is None and not any(around.values()):
                return None
            return _event({"name": viewer.plugin, **(own or _Collected()).whole(), **around})
        seen = {
            name: one.flags()
            for name, one in self._collected.items()
            if (viewer.among is None or name in viewer.among) and (one.counts or one.plugin)
        }
        return _event({"plugins": seen, **around}) if seen or any(around.values()) else None

    def _send(self, viewer: _Viewer, event: Event) -> None:
        if not viewer.listener.offer(event):
            STREAMS_DROPPED.inc()
            self._end(viewer, "this page was too slow")

    def _end(self, viewer: _Viewer, reason: str) -> None:
        self._viewers.discard(viewer)
        viewer.listener.end(Event("reset", f'{{"reason":"{reason}"}}'))


def _event(digest: dict[str, object]) -> Event:
    return Event("digest", to_json(digest).decode())
