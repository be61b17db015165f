"""Nothing that is asked of the database takes longer than it was given."""

import asyncio
from datetime import timedelta

import pymongo.errors
import pytest

from taskmanager.errors import PermanentError, StoreUnavailableError
from taskmanager.mongo.base.client import bounded, connect


async def test_a_transaction_that_does_not_come_through_is_given_up() -> None:
    with pytest.raises(StoreUnavailableError, match="not done within"):
        async with bounded(timedelta(milliseconds=10)):
            await asyncio.Event().wait()


async def test_what_the_driver_says_within_the_limit_is_told_as_before() -> None:
    with pytest.raises(StoreUnavailableError, match="no primary"):
        async with bounded():
            raise pymongo.errors.NotPrimaryError("no primary")
    with pytest.raises(PermanentError, match="refuses access"):
        async with bounded():
            raise pymongo.errors.OperationFailure("no", code=18)


@pytest.mark.parametrize(("limit", "seconds"), [(timedelta(seconds=7), 7), (None, None)])
async def test_calls_have_the_limit_they_were_given(limit: timedelta | None, seconds: float | None) -> None:
    client, _ = connect("mongodb://127.0.0.1:1/db", socket_limit=limit)

    assert client.options.pool_options.socket_timeout == seconds
    await client.close()
