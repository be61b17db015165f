"""How long what failed is left alone. Pure."""

from datetime import timedelta

FIRST_WAIT = timedelta(seconds=2)


def wait_after(failures: int, longest: timedelta, chance: float) -> timedelta:
    """The wait after this many failures in a row: doubled each time, capped, its upper half jittered."""
    grown = min(longest, FIRST_WAIT * 2.0 ** min(failures - 1, 40))
    return timedelta(milliseconds=round((0.5 + 0.5 * chance) * grown / timedelta(milliseconds=1)))
