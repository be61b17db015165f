"""How long a request waits for the database."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

from taskmanager.errors import StoreUnavailableError

T = TypeVar("T")

READ_TIME = timedelta(seconds=5)
"""For reading what a page or an API response shows."""
LOOKUP_TIME = timedelta(milliseconds=300)
"""For looking up an earlier submission, which is skipped if the database is slow."""


async def from_store(call: Awaitable[T], limit: timedelta = READ_TIME) -> T:
    """Await the store's answer; raises StoreUnavailableError, also if it does not come in time."""
    try:
        async with asyncio.timeout(limit.total_seconds()):
            return await call
    except TimeoutError as error:
        message = f"the database did not answer within {limit.total_seconds():g} s"
        raise StoreUnavailableError(message) from error


PUBLISH_TIME = timedelta(milliseconds=1_100)
"""Together with the limits of path check and lookup, less than the two seconds a client waits at most."""
