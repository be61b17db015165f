"""How often log-ins may fail before nobody is let in for a while: by name and address, and by address."""

import math
import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from taskmanager_gateway.problems import TOO_MANY_TRIES, ProblemError

WINDOW_MINUTES = 5
BY_NAME = RateLimitItemPerMinute(5, WINDOW_MINUTES)
"""Failures of one name from one address: with the name alone anybody could lock somebody out."""
BY_ADDRESS = RateLimitItemPerMinute(50, WINDOW_MINUTES)


class Throttle:
    """Counts the failures at this gateway; they are forgotten when it ends."""

    def __init__(self) -> None:
        """None yet."""
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, name: str, address: str) -> None:
        """Raise ProblemError (429) if there were too many failures lately."""
        for limit, key in _limits(name, address):
            if not self._limiter.test(limit, *key):
                ends = self._limiter.get_window_stats(limit, *key).reset_time
                raise _too_many(max(1, math.ceil(ends - time.time())))

    def failed(self, name: str, address: str) -> None:
        """A log-in failed."""
        for limit, key in _limits(name, address):
            self._limiter.hit(limit, *key)


def _limits(name: str, address: str) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
    return [(BY_NAME, ("name", name.casefold()[:100], address)), (BY_ADDRESS, ("address", address))]


def _too_many(seconds: int) -> ProblemError:
    detail = f"Too many log-ins failed. Try again in {seconds} seconds."
    return ProblemError(TOO_MANY_TRIES, detail, {"Retry-After": str(seconds)})
