"""How many runners the waiting jobs need. Pure; knows no store and no clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from taskmanager.model.registry import InstalledPlugin
from taskmanager.model.replicas import Wish


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """What a plugin has to do.

    Attributes:
        waiting, running: how many jobs.
        oldest: when the longest waiting job was queued; None if none waits, or if that is not known.
        slots: how many jobs one runner works on at once.
        free: how many slots of live runners that take jobs have none.
        elsewhere: how many jobs the runners of other places work on at once.
    """

    waiting: int
    running: int
    oldest: datetime | None
    slots: int
    free: int
    elsewhere: int = 0

    @property
    def needed(self) -> int:
        """How many runners could be kept busy."""
        return ceil(max(0, self.waiting + self.running - self.elsewhere) / self.slots)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long jobs may wait before there are more runners, and runners be idle before there are fewer."""

    wait: timedelta
    cool_down: timedelta


@dataclass(frozen=True, slots=True)
class Step:
    """How many runners there are to be, and since when there are more than needed (None: there are not)."""

    desired: int
    spare_since: datetime | None = None


def startable(plugin: InstalledPlugin | None, waiting: int, running: int) -> int:
    """How many waiting jobs more runners could start: none of a stopped plugin, others up to its limit."""
    if plugin is None:
        return waiting
    if plugin.paused:
        return 0
    return waiting if plugin.limit is None else max(0, min(waiting, plugin.limit - running))


def next_step(
    wish: Wish, load: QueueLoad, patience: Patience, now: datetime, spare_since: datetime | None = None
) -> Step:
    """What follows from the load; `spare_since` as returned the last time.

    More at once if there is no runner at all, else when a job has waited too long and no slot is free. Fewer
    when they have not been needed for the whole cool-down.
    """
    current = max(wish.min, min(wish.max, wish.desired))
    needed = max(wish.min, min(wish.max, load.needed))
    if needed >= current:
        if needed > current and (current == 0 or _too_long(load, patience, now)):
            return Step(needed)
        return Step(current)
    since = spare_since or now
    if now - since >= patience.cool_down:
        return Step(needed)
    return Step(current, since)


def _too_long(load: QueueLoad, patience: Patience, now: datetime) -> bool:
    return load.free == 0 and load.oldest is not None and now - load.oldest >= patience.wait
