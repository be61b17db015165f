"""How often log-ins may fail before nobody is let in for a while: by name and address, and by address."""

import math
import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from taskmanager.access import user_key
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

    def attempt(self, name: str, address: str) -> None:
        """Somebody tries; raises ProblemError (429) if there were too many failures lately.

        A try counts as a failure until it succeeded, so that many at the same time do not slip through.
        """
        key = _name_key(name, address)
        if not self._limiter.test(BY_ADDRESS, address):
            raise _too_many(self._ends(BY_ADDRESS, address))
        if not self._limiter.hit(BY_NAME, *key):
            raise _too_many(self._ends(BY_NAME, *key))

    def failed(self, address: str) -> None:
        """The name and the password do not fit."""
        self._limiter.hit(BY_ADDRESS, address)

    def succeeded(self, name: str, address: str) -> None:
        """They do: earlier failures of this name from there are forgotten."""
        self._limiter.clear(BY_NAME, *_name_key(name, address))

    def _ends(self, limit: RateLimitItem, *key: str) -> int:
        """In so many seconds there may be another try."""
        reset = self._limiter.get_window_stats(limit, *key).reset_time
        return max(1, math.ceil(reset - time.time()))


def _name_key(name: str, address: str) -> tuple[str, str]:
    return user_key(name)[:100], address


def _too_many(seconds: int) -> ProblemError:
    detail = f"Too many log-ins failed. Try again in {seconds} seconds."
    return ProblemError(TOO_MANY_TRIES, detail, {"Retry-After": str(seconds)})
