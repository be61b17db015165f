"""Limits failed log-ins: refuses by name and network and by network, slows down by name and in total.

A name is slowed down and never locked, or anyone could lock somebody else out. A browser from which the user
has logged in before is not slowed down at all.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from taskmanager.model.access import user_key
from taskmanager.serving.connections import client_key
from taskmanager_gateway.codes import access
from taskmanager_gateway.http.problems import TOO_MANY_TRIES, ProblemError

WINDOW_MINUTES = 5
BY_NAME = RateLimitItemPerMinute(5, WINDOW_MINUTES)
"""Failures for one name from one network."""
BY_NETWORK = RateLimitItemPerMinute(50, WINDOW_MINUTES)
"""Failures from one address, or one /64 of IPv6."""
NAME_ANYWHERE = RateLimitItemPerMinute(20, WINDOW_MINUTES)
"""Failures for one name from anywhere, after which attempts for it have to take turns."""
IN_ALL = RateLimitItemPerMinute(300, WINDOW_MINUTES)
"""Failures for all names, after which all attempts have to take turns."""
CODES = RateLimitItemPerHour(10)
"""Wrong codes for one name from anywhere. Trying one requires the password, so this locks out nobody whose
password is still secret; without it six digits would soon be guessed."""
NAME_GAP, ALL_GAP = 2.0, 0.2
"""Seconds between two turns, for one name and for all."""
LONGEST_WAIT = 10.0
"""Seconds; anyone who would have to wait longer for a turn is told to try again, which may be at once."""


class Throttle:
    """Counts the failures at this gateway; the counts are lost when it stops."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Start with no failures counted."""
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._now, self._wait = now, wait
        self._next_turn: dict[str, float] = {}

    async def attempt(self, name: str, address: str, *, known: bool = False) -> None:
        """Wait for the turn of a log-in attempt; raises ProblemError (429) if it may not be made.

        `known`: the user has logged in from this browser before. An attempt counts as a failure until it has
        succeeded, so that many at the same time do not slip through.
        """
        key, network = _name_key(name, address), client_key(address)
        if not self._limiter.test(BY_NETWORK, network):
            raise _too_many(self._ends(BY_NETWORK, network))
        if not self._limiter.hit(BY_NAME, *key):
            raise _too_many(self._ends(BY_NAME, *key))
        if not known:
            await self._take_turn(key[0])

    def failed(self, name: str, address: str) -> None:
        """Count a failure: the name and the password do not match."""
        self._limiter.hit(BY_NETWORK, client_key(address))
        self._limiter.hit(NAME_ANYWHERE, _name_key(name, address)[0])
        self._limiter.hit(IN_ALL)

    def attempt_code(self, name: str) -> None:
        """Admit an attempt at a code; raises ProblemError (429) after too many wrong ones."""
        if not self._limiter.test(CODES, "codes", user_key(name)):
            raise _too_many(self._ends(CODES, "codes", user_key(name)))

    def failed_code(self, name: str, address: str) -> None:
        """Count a wrong code."""
        self._limiter.hit(CODES, "codes", user_key(name))
        self.failed(name, address)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the earlier failures of this name from this network."""
        self._limiter.clear(BY_NAME, *_name_key(name, address))

    async def _take_turn(self, name: str) -> None:
        delay = 0.0
        if not self._limiter.test(NAME_ANYWHERE, name):
            delay = self._turn(f"name {name}", NAME_GAP)
        if not self._limiter.test(IN_ALL):
            delay = max(delay, self._turn("all", ALL_GAP))
        if delay:
            await self._wait(delay)

    def _turn(self, queue: str, gap: float) -> float:
        """Take the next turn in that queue; returns the seconds until it comes. Raises ProblemError (429)."""
        now = self._now()
        self._next_turn = {one: at for one, at in self._next_turn.items() if at > now - gap}
        begins = max(now, self._next_turn.get(queue, now - gap) + gap)
        if begins - now > LONGEST_WAIT:
            raise _too_many(math.ceil(gap))
        self._next_turn[queue] = begins
        return begins - now

    def _ends(self, limit: RateLimitItem, *key: str) -> int:
        """Seconds until another attempt is allowed."""
        reset = self._limiter.get_window_stats(limit, *key).reset_time
        return max(1, math.ceil(reset - time.time()))


def _name_key(name: str, address: str) -> tuple[str, str]:
    return user_key(name)[:100], client_key(address)


def _too_many(seconds: int) -> ProblemError:
    return ProblemError(
        TOO_MANY_TRIES, access.TOO_MANY_FAILED(seconds=seconds), {"Retry-After": str(seconds)}
    )
