"""Waiting before retrying a connection or an idempotent call; only this module imports tenacity.

Retries of jobs are not made here but by the scheduler's policy. Full jitter as in the AWS Builders' Library,
"Timeouts, retries, and backoff with jitter".
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import tenacity

from taskmanager.process.lifecycle import pause
from taskmanager.process.logs import get_logger
from taskmanager.process.metrics import RETRIES

LONGEST_WAIT_SECONDS = 10.0

TRIES = 4
"""How often one idempotent call is tried, over a few seconds in all."""
T = TypeVar("T")

log = get_logger(__name__)


def again(what: str, call: Callable[[], T], on: type[Exception]) -> T:
    """The result of an idempotent call, retried a few times while it raises `on`; blocks, for slots only."""

    def tell(state: tenacity.RetryCallState) -> None:
        RETRIES.labels(what).inc()
        error = state.outcome.exception() if state.outcome is not None else None
        log.warning("retry", what=what, attempt=state.attempt_number, error=str(error))

    tries = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(TRIES),
        wait=tenacity.wait_random_exponential(multiplier=0.1, max=2.0),
        retry=tenacity.retry_if_exception_type(on),
        before_sleep=tell,
        reraise=True,
    )
    return tries(call)


class Backoff:
    """Growing, jittered waits for a loop that runs until it is told to stop; call `reset` after a success."""

    def __init__(
        self,
        what: str,
        *,
        first_wait_seconds: float = 0.1,
        longest_wait_seconds: float = LONGEST_WAIT_SECONDS,
    ) -> None:
        """`what` names the loop in log and metrics."""
        self._what = what
        self._wait = tenacity.wait_random_exponential(multiplier=first_wait_seconds, max=longest_wait_seconds)
        self._state = tenacity.RetryCallState(tenacity.AsyncRetrying(), None, (), {})

    def reset(self) -> None:
        """Start again with the shortest wait."""
        self._state.attempt_number = 1

    async def wait(self, reason: str, stop: asyncio.Event | None = None) -> None:
        """Log the reason, count it and wait, but only until `stop` is set."""
        seconds = self._wait(self._state)
        RETRIES.labels(self._what).inc()
        attempt = self._state.attempt_number
        log.warning("retry", what=self._what, attempt=attempt, wait_seconds=round(seconds, 3), error=reason)
        self._state.attempt_number += 1
        await pause(stop or asyncio.Event(), timedelta(seconds=seconds))
