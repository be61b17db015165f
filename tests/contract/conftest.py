"""A contract holds for what stands in for the database in unit tests, and for the database itself."""

import pytest


@pytest.fixture(params=["memory", "mongo"])
def store_url(request: pytest.FixtureRequest) -> str | None:
    """The database of the test, or None for a store in memory."""
    return None if request.param == "memory" else str(request.getfixturevalue("mongodb_url"))
