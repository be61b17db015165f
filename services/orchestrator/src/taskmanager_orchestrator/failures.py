"""Replicas that ended by themselves or could not be started, and when each is tried again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=5)
STEADY = timedelta(minutes=1)
"""A replica that ran this long has recovered: its next failure is the first one again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How often in a row, why the last time, and when to try again (seconds of a steady clock)."""

    plugin: str
    name: str
    count: int
    detail: str
    again_at: float


class Failures:
    """Remembers failures by name, in this process only: a new orchestrator tries at once."""

    def __init__(self) -> None:
        """No failures yet."""
        self._known: dict[str, Failure] = {}
        self._started: dict[str, float] = {}

    def __iter__(self) -> Iterator[Failure]:
        """The replicas that have failed since they last ran steadily."""
        return iter(list(self._known.values()))

    def of(self, name: str) -> Failure | None:
        """The last failure of this replica."""
        return self._known.get(name)

    def note(self, plugin: str, name: str, detail: str, now: float) -> None:
        """Note a failure: each one in a row doubles the wait."""
        before = self._known.get(name)
        steady = now - self._started.pop(name, now) >= STEADY.total_seconds()
        count = 1 if before is None or steady else before.count + 1
        wait = min(FIRST_WAIT.total_seconds() * 2.0 ** (count - 1), LONGEST_WAIT.total_seconds())
        self._known[name] = Failure(plugin, name, count, detail, now + wait)

    def started(self, name: str, now: float) -> None:
        """Note a start."""
        self._started[name] = now

    def runs(self, name: str, now: float) -> None:
        """Note that it runs; after a while its failures are forgotten."""
        if now - self._started.setdefault(name, now) >= STEADY.total_seconds():
            self._known.pop(name, None)

    def forget(self, name: str) -> None:
        """It is not wanted any more."""
        self._known.pop(name, None)
        self._started.pop(name, None)
