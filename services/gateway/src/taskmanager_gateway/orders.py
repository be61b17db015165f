"""The bodies of operators' requests: strict, small, and none needed where everything has a default."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, Field, ValidationError
from pydantic_core import PydanticCustomError
from starlette.requests import Request

from taskmanager.model.control import StopMode
from taskmanager.model.jobs import InstallationName, Priority, Record, ShortText
from taskmanager.model.log_types import LogType
from taskmanager.model.reports import MESSAGE_LIMIT, OperatorMessage
from taskmanager.process.clock import whole_milliseconds
from taskmanager_gateway.bodies import read_body
from taskmanager_gateway.codes import faults
from taskmanager_gateway.problems import (
    CONTROL_CHARACTER,
    INVALID_REQUEST,
    FieldError,
    field_problem,
    validation_problem,
)

BODY_LIMIT_BYTES = 16 * 1024
LONGEST_STOP = timedelta(days=3_660)
"""A later `until` is a slip of the pen; a stop without an end needs none."""
MOST_RUNNING = 100_000
LONGEST_GRACE = timedelta(days=366)


def readable(text: str) -> str:
    """The text; raises ValueError if it holds what cannot be shown."""
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        raise PydanticCustomError(CONTROL_CHARACTER, "contains a control character")
    return text


Grace = Annotated[float, Field(ge=0, le=LONGEST_GRACE.total_seconds(), allow_inf_nan=False)]
Reason = Annotated[ShortText, AfterValidator(readable)]


class ReasonBody(Record):
    """Why; it is shown beside what it explains and kept in the audit."""

    reason: Annotated[Reason, Field(examples=["wrong scan"])] = ""


class PriorityBody(ReasonBody):
    """The new priority: 0 to 10, higher first."""

    priority: Priority


class StopBody(ReasonBody):
    """How to stop a plugin, and until when; without `until` an operator restarts it."""

    mode: StopMode = StopMode.SUSPEND
    until: Annotated[AwareDatetime, Field(strict=False)] | None = None

    def ends(self, now: datetime) -> datetime | None:
        """`until` as it is stored; raises ProblemError if it is past or absurdly far away."""
        if self.until is None:
            return None
        if not now < self.until <= now + LONGEST_STOP:
            raise field_problem(INVALID_REQUEST, [FieldError.of("until", faults.END_OF_STOP())])
        return whole_milliseconds(self.until.astimezone(UTC))


class DrainBody(ReasonBody):
    """How long running jobs may go on; then they are handed back, unfailed. Without it they may end."""

    grace_seconds: Grace | None = None


class MessageBody(ReasonBody):
    """What Goobi's users shall read. `important` stands out where Goobi's interface knows it."""

    type: LogType = LogType.INFO
    text: Annotated[str, Field(min_length=1, max_length=MESSAGE_LIMIT), AfterValidator(readable)]

    @property
    def message(self) -> OperatorMessage:
        """As it is stored."""
        return OperatorMessage(type=self.type, text=self.text)


class ReplayBody(ReasonBody):
    """The installation whose undelivered reports are meant."""

    installation: InstallationName


class LimitBody(ReasonBody):
    """How many jobs of a plugin may run at once over all runners; null: what the plugin itself declares."""

    max_running: Annotated[int, Field(ge=1, le=MOST_RUNNING)] | None


BodyT = TypeVar("BodyT", bound=ReasonBody)


async def read_order(request: Request, model: type[BodyT], limit_bytes: int = BODY_LIMIT_BYTES) -> BodyT:
    """The body as `model`; no body is an empty one. Raises ProblemError that lists every wrong field."""
    body = await read_body(request, limit_bytes)
    try:
        return model.model_validate_json(body or b"{}", strict=True)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        raise validation_problem(errors) from error
