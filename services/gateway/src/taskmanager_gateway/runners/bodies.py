"""The request bodies of commands for runners."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from taskmanager_gateway.http.command_bodies import ReasonBody

LONGEST_GRACE = timedelta(days=366)


Grace = Annotated[float, Field(ge=0, le=LONGEST_GRACE.total_seconds(), allow_inf_nan=False)]


class DrainBody(ReasonBody):
    """How long running jobs may continue before they are handed back, unfailed; omitted: until they end."""

    grace_seconds: Grace | None = None
