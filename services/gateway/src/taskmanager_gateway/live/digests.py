"""What open pages receive: for each plugin, at most once a second, a digest of what has changed.

Fifty pages that each received two thousand changes a second would take all the gateway's time. A digest is
built and serialised once for all pages of a plugin, and nothing is collected while no page is open. Like
every change, a digest is a hint: the page reads the data again. Uses no HTTP and no stored jobs.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic_core import to_json

from taskmanager.messages import Change, Changes
from taskmanager_gateway.live.hub import Interest, Listener, LiveEvent
from taskmanager_gateway.metrics import STREAMS_DROPPED

INTERVAL = timedelta(seconds=1)
GATHER = timedelta(milliseconds=50)
"""How long the first change after a quiet period waits for others of the same action."""
JOBS_NAMED = 200
"""If more jobs have changed, they are not named: the page then reads all its rows again."""
OPERATIONS_NAMED = 50
QUEUE_LIMIT = 30
"""Digests that may queue up for one slow page before it is disconnected: half a minute."""


@dataclass(slots=True)
class _Collected:
    """What has happened in one plugin since the last digest."""

    jobs: dict[str, Change] = field(default_factory=dict)
    many: bool = False
    arrived: Counter[str] = field(default_factory=Counter)
    counts: bool = False
    plugin: bool = False

    def add(self, change: Change) -> None:
        """Add one change of a job; of two for the same job the later one is kept."""
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
        """Note that more jobs have changed than are named."""
        self.many = self.counts = True
        self.jobs.clear()

    def flags(self) -> dict[str, object]:
        """The part of the digest for the home page."""
        return {"counts": self.counts, "plugin": self.plugin, "arrived": self.arrived}

    def whole(self) -> dict[str, object]:
        """The whole digest, for the pages of the plugin."""
        named = [
            {"job": one.job, "rev": one.rev, "status": one.status, "tab": one.tab}
            for one in self.jobs.values()
        ]
        return {"jobs": named, "many": self.many, **self.flags()}


@dataclass(frozen=True, slots=True, eq=False)
class _Viewer:
    """One open page; `among`: the plugins its user may see, None for all."""

    listener: Listener
    among: frozenset[str] | None

    @property
    def plugin(self) -> str | None:
        return self.listener.interest.plugin


class Digests:
    """Collects changes and sends digests to the open pages."""

    def __init__(self, interval: timedelta = INTERVAL, queue_limit: int = QUEUE_LIMIT) -> None:
        """At most one digest is sent per `interval`; `queue_limit` of them may queue up for one page."""
        self._interval, self._queue_limit = interval.total_seconds(), queue_limit
        self._viewers: set[_Viewer] = set()
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._told = float("-inf")
        self._clear()

    @contextlib.contextmanager
    def listen(self, plugin: str | None, among: frozenset[str] | None = None) -> Iterator[Listener]:
        """Listen for a page while the block runs: to one plugin, or with None to all those in `among`."""
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
        for arrival in changes.arrived:
            self._of(arrival.plugin).arrived[arrival.tab.value] += arrival.jobs
        self._operations |= dict.fromkeys(changes.operations)
        self._tell_soon()

    def hang_up(self, reason: str) -> None:
        """End all streams, because rights may have been reduced: pages have to authenticate again."""
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
        """Send each page what was collected for it."""
        self._timer = None
        self._told = asyncio.get_running_loop().time()
        written: dict[object, LiveEvent | None] = {}
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

    def _digest(self, viewer: _Viewer) -> LiveEvent | None:
        """The digest for this page; None if nothing happened that it shows."""
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

    def _send(self, viewer: _Viewer, event: LiveEvent) -> None:
        if not viewer.listener.offer(event):
            STREAMS_DROPPED.inc()
            self._end(viewer, "this page was too slow")

    def _end(self, viewer: _Viewer, reason: str) -> None:
        self._viewers.discard(viewer)
        viewer.listener.end(LiveEvent("reset", f'{{"reason":"{reason}"}}'))


def _event(digest: dict[str, object]) -> LiveEvent:
    return LiveEvent("digest", to_json(digest).decode())
