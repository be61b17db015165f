"""How many jobs a runner claims ahead of its free slots: only what its slots begin within a moment.

A runner that asks for a job when a slot is free leaves the slot idle for a round trip to the scheduler. For
jobs of seconds that is nothing; for jobs of milliseconds it is most of the time. What is claimed ahead has
passed the broker's priorities, so it is bounded in time: a job of higher priority may wait that much longer.
"""

import math
from datetime import timedelta

STEP = 2
"""The number claimed ahead is a power of this, so that it changes seldom: the broker has to be told."""
LEAST = 4
"""Fewer are not worth a lane of their own."""
TICKETS_A_MESSAGE = 16
"""More in one message would save little more, and wait longer for whoever gets them."""
MESSAGES = 4
"""So many messages at least hold what is claimed ahead: the next is there before the last is used up."""
BUNCH = timedelta(milliseconds=5)
"""What one slot is told at once should take this long."""
LARGEST_BUNCH = 32
WEIGHT = 0.1
"""How much each job counts in the usual time of jobs."""
FADING = 0.98
"""By how much the memory of the longest job fades with each job."""
RECOVERY = timedelta(seconds=1)
"""After it was too far, the number claimed ahead, or that of a bunch, may double within this time."""
MOST_DOUBLINGS = 16
"""After that many there is no limit left."""
FORGOTTEN = timedelta(seconds=10)
"""Without a job for this long, nothing is known about the next ones."""


class Horizon:
    """Estimates how long the next jobs will take, from those that ended and those that run."""

    def __init__(self, slots: int, most: int, soon: timedelta) -> None:
        """`slots` work at the same time; `most` are claimed ahead at most, 0: none.

        What is claimed ahead should begin within `soon`.
        """
        self._slots, self._most, self._soon = slots, most, soon.total_seconds()
        self._longest = self._usual = 0.0
        self._last_end = float("-inf")
        self._limit, self._limited_at = float(most), 0.0
        self._room = 0
        self._bunch, self._bunch_at = LARGEST_BUNCH, 0.0

    def ended(self, seconds: float, now: float, jobs: int = 1) -> None:
        """A job took so long, or several did on average; `now` in seconds of the same clock as in `room`."""
        known = now - self._last_end <= FORGOTTEN.total_seconds()
        self._longest = max(seconds, self._longest * FADING**jobs) if known else seconds
        self._last_end = now

    def worked(self, seconds: float) -> None:
        """A plugin worked so long on a job: without the way to the slot and back."""
        self._usual += WEIGHT * (seconds - self._usual)

    def bunch_ended(self, begun: int, told: int, now: float) -> None:
        """A slot was told so many jobs at once and has begun so many: it is told no more at once again."""
        if begun < told:
            self._bunch, self._bunch_at = max(1, begun), now

    def fitting(self, now: float) -> int:
        """How many of the jobs that are claimed ahead one slot should be told at once."""
        if self._room == 0:
            return 1
        by_time = BUNCH.total_seconds() / max(self._usual, BUNCH.total_seconds() / LARGEST_BUNCH)
        return max(1, int(min(by_time, _recovered(self._bunch, self._bunch_at, now))))

    def too_far(self, now: float) -> None:
        """What was claimed ahead waits too long: claim half as far ahead, then gradually further."""
        self._limit, self._limited_at = max(1.0, self._room / 2), now

    def room(self, oldest_seconds: float, now: float) -> int:
        """How many jobs to claim ahead; `oldest_seconds`: for how long the oldest running job has run."""
        self._room = self._steps(self._fitting(oldest_seconds, now))
        return self._room

    @property
    def tickets_a_message(self) -> int:
        """How many tickets the scheduler may send in one message; with nothing claimed ahead, one."""
        if not self._room:
            return 1
        return max(1, min(TICKETS_A_MESSAGE, (self._room + self._slots) // MESSAGES))

    def _fitting(self, oldest_seconds: float, now: float) -> float:
        if self._most == 0 or now - self._last_end > FORGOTTEN.total_seconds():
            return 0
        estimate = max(self._longest, oldest_seconds, self._soon / self._most)
        limit = _recovered(self._limit, self._limited_at, now)
        return min(self._most, limit, self._soon * self._slots / estimate)

    @staticmethod
    def _steps(fitting: float) -> int:
        if fitting < LEAST:
            return 0
        room = LEAST
        while room * STEP <= fitting:
            room *= STEP
        return room


def _recovered(limit: float, since: float, now: float) -> float:
    """What is left of a limit: it doubles again and again."""
    return math.ldexp(limit, min(MOST_DOUBLINGS, int((now - since) / RECOVERY.total_seconds())))
