"""The commit fence as seen by one attempt: asks whether it may place its results until there is an answer."""

import asyncio
from datetime import timedelta

from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.messaging.reports import Reports

ASK_AGAIN = timedelta(seconds=2)
"""The question is repeated after this time until it is answered."""
FRESH_SECONDS = 10.0
"""How long after the question a permission counts, even if the lease has expired."""


class Fence:
    """The commit fence of one attempt."""

    def __init__(self, reports: Reports, leaving: asyncio.Event) -> None:
        """`leaving` is set when the attempt is to end: then there is no point in asking."""
        self._reports, self._leaving = reports, leaving
        self._verdict: asyncio.Future[bool] | None = None
        self._asked_at = 0.0

    @property
    def counts_until(self) -> float:
        """Until when the last answer counts on its own, in seconds of the clock."""
        return self._asked_at + FRESH_SECONDS

    def answer(self, *, allowed: bool) -> None:
        """Set the verdict: the scheduler's, or our own in order to stop asking."""
        if self._verdict is not None and not self._verdict.done():
            self._verdict.set_result(allowed)

    async def opens(self) -> bool:
        """The scheduler's verdict; asks until there is one."""
        failpoint(Failpoint.RUNNER_BEFORE_COMMIT)
        question = self._reports.commit()
        self._verdict = asyncio.get_running_loop().create_future()
        while not self._verdict.done():
            if self._leaving.is_set():
                return False
            self._asked_at = elapsed_seconds()
            self._reports.ask(question)
            await asyncio.wait({self._verdict}, timeout=ASK_AGAIN.total_seconds())
        return self._verdict.result()
