"""The runner's own clock for leases and time limits."""

import time


def elapsed_seconds() -> float:
    """Seconds on a clock that never jumps and also counts the time the machine sleeps (CLOCK_BOOTTIME)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
