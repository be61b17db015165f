"""Waits for whatever comes first of a result and some events."""

import asyncio
from datetime import timedelta
from typing import Any


async def first_of(result: asyncio.Future[Any], *events: asyncio.Event, within: timedelta) -> None:
    """Return when the result is known, one of the events is set, or the time has passed."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(
            {result, *waiting}, timeout=within.total_seconds(), return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        for one in waiting:
            one.cancel()
