"""The runner's end of what a slot has for bunches of jobs, beside its socket: permits and reports.

Reports are only read when the slot is at rest, or has ended, or the runner takes permits away, or a job of a
bunch goes on alone.
"""

import asyncio
from collections.abc import Callable

from taskmanager.errors import JobKilledError
from taskmanager_plugin_runner.slot.listeners import BunchListener
from taskmanager_plugin_runner.system.bunch_pipes import BunchPipes


class BunchChannel:
    """For one process of a slot; must be closed."""

    def __init__(self, on_line: Callable[[bytes], None]) -> None:
        """`on_line` takes each line of the reports."""
        self._on_line = on_line
        self._loop = asyncio.get_running_loop()
        self._pipes = BunchPipes()
        self._numbers = range(0)
        self.rest: asyncio.Future[None] = self._loop.create_future()
        """Done while the slot has nothing more to do with any bunch."""
        self.rest.set_result(None)
        self.listener: BunchListener | None = None
        """Who hears of the present bunch."""

    @property
    def for_slot(self) -> tuple[int, int]:
        """The slot's ends: for permits, and for reports."""
        return self._pipes.for_slot

    def close_writing(self) -> None:
        """Close our copy of the end at which the slot reports."""
        self._pipes.close_writing()

    @property
    def at_rest(self) -> bool:
        """Whether the slot has nothing more to do with any bunch."""
        return self.rest.done()

    def begin(self, numbers: range, listener: BunchListener) -> None:
        """Permit the orders with these numbers, which are about to be sent."""
        self._numbers, self.listener = numbers, listener
        self.rest = self._loop.create_future()
        self._pipes.permit(len(numbers))

    def withdraw(self, but: int) -> int:
        """Take away the permits that are left, except for the first so many; then read all reports."""
        most = len(self._numbers) - but
        left = self._pipes.withdraw(most) if most else 0
        self._read()
        return left

    def go_on(self, job: int) -> int:
        """Read from now on what the job with that index reports; returns the number of its order."""
        self.listener = None
        if not self.at_rest:
            self._loop.add_reader(self._pipes.reports, self._read)
        return self._numbers[job]

    def on_rest(self) -> None:
        """The slot has said so: there will be no more reports."""
        self._read()
        if self.listener is not None:
            self.listener.cut()
        self._end_reading()

    def close(self, error: JobKilledError | None = None) -> None:
        """The slot has ended with that error, or never began."""
        if self.listener is not None:
            self.listener.cut(error)
        self._read()
        self._end_reading()
        self._pipes.close()

    def _end_reading(self) -> None:
        self._loop.remove_reader(self._pipes.reports)
        if not self.rest.done():
            self.rest.set_result(None)

    def _read(self) -> None:
        for line in self._pipes.read():
            self._on_line(line)
