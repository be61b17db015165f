"""The commit fence as one attempt sees it: asks whether it may put its results into place, until told."""

import asyncio
from datetime import timedelta

from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.messaging.reports import Reports

ASK_AGAIN = timedelta(seconds=2)
"""The question is repeated after this time until it is answered."""
FRESH_SECONDS = 10.0
"""So long after its question an allowance counts although the lease may have ended."""


class Fence:
    """Asks for one attempt."""

    def __init__(self, reports: Reports, leaving: asyncio.Event) -> None:
        """`leaving` is set when the attempt is to end: then there is nothing to ask any more."""
        self._reports, self._leaving = reports, leaving
        self._verdict: asyncio.Future[bool] | None = None
        self._asked_at = 0.0

    @property
    def counts_until(self) -> float:
        """How long the last answer counts by itself, in seconds of the clock."""
        return self._asked_at + FRESH_SECONDS

    def answer(self, *, allowed: bool) -> None:
        """The scheduler's verdict, or our own to ask no more."""
        if self._verdict is not None and not self._verdict.done():
            self._verdict.set_result(allowed)

    async def opens(self) -> bool:
        """The verdict of the scheduler, asked for as long as there is none."""
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
