"""Waiting for something to become true, with a deadline; the only module of the tests that lets time pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

STEP_SECONDS = 0.02


def eventually(look: Callable[[], T], *, within_seconds: float = 20, what: str = "") -> T:
    """The first true answer of `look`; raises AssertionError when the time is up."""
    deadline = time.monotonic() + within_seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            message = f"not within {within_seconds:g} s: {what or look}"
            raise AssertionError(message)
        time.sleep(STEP_SECONDS)
    return found


async def eventually_async(
    look: Callable[[], Awaitable[T]], *, within_seconds: float = 20, what: str = ""
) -> T:
    """The first true answer of `look`; raises AssertionError when the time is up."""
    deadline = time.monotonic() + within_seconds
    while not (found := await look()):
        if time.monotonic() > deadline:
            message = f"not within {within_seconds:g} s: {what or look}"
            raise AssertionError(message)
        await asyncio.sleep(STEP_SECONDS)
    return found
