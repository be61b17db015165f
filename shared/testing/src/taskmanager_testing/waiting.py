"""Waiting for something to become true, with a deadline; the only module of the tests that lets time pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

LONG_SECONDS = 60.0
"""Longer than anything takes that works, however busy the machine is: it costs only a test that fails."""
FIRST_STEP_SECONDS, LAST_STEP_SECONDS = 0.02, 0.1
SHARE = 0.05
"""Of the time waited so far, between two looks: a long wait must not keep busy what it waits for."""


def eventually(look: Callable[[], T], *, within_seconds: float = LONG_SECONDS, what: str = "") -> T:
    """The first true answer of `look`; raises AssertionError when the time is up."""
    begun = time.monotonic()
    while not (found := look()):
        if (waited := time.monotonic() - begun) > within_seconds:
            message = f"not within {within_seconds:g} s: {what or look}"
            raise AssertionError(message)
        time.sleep(_step_seconds(waited))
    return found


async def eventually_async(
    look: Callable[[], Awaitable[T]], *, within_seconds: float = LONG_SECONDS, what: str = ""
) -> T:
    """The first true answer of `look`; raises AssertionError when the time is up."""
    begun = time.monotonic()
    while not (found := await look()):
        if (waited := time.monotonic() - begun) > within_seconds:
            message = f"not within {within_seconds:g} s: {what or look}"
            raise AssertionError(message)
        await asyncio.sleep(_step_seconds(waited))
    return found


def _step_seconds(waited: float) -> float:
    """How long to wait for the next look, after `waited` seconds."""
    return min(LAST_STEP_SECONDS, max(FIRST_STEP_SECONDS, waited * SHARE))
