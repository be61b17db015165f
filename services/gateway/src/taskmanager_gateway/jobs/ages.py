"""Ages of jobs as requests give them: in seconds before now."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from taskmanager.process.clock import whole_milliseconds

LONGEST_AGE_SECONDS = 100 * 366 * 24 * 3600


Seconds = Annotated[int, Field(ge=0, le=LONGEST_AGE_SECONDS)]


def ago(now: datetime, seconds: int | None) -> datetime | None:
    """The moment that many seconds ago; None for None."""
    return None if seconds is None else whole_milliseconds(now - timedelta(seconds=seconds))
