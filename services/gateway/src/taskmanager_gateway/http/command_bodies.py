"""The bodies of operators' requests: strict, small, and optional where everything has a default."""

import unicodedata
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError
from starlette.requests import Request

from taskmanager.model.jobs import Priority, Record, ShortText
from taskmanager_gateway.http.problems import (
    CONTROL_CHARACTER,
    validation_problem,
)
from taskmanager_gateway.http.request_body import read_body

BODY_LIMIT_BYTES = 16 * 1024


def readable(text: str) -> str:
    """Validate the text; raises ValueError if it contains control characters."""
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        raise PydanticCustomError(CONTROL_CHARACTER, "contains a control character")
    return text


ReasonText = Annotated[ShortText, AfterValidator(readable)]


class ReasonBody(Record):
    """The reason, which is shown together with what it explains and kept in the audit."""

    reason: Annotated[ReasonText, Field(examples=["wrong scan"])] = ""


class PriorityBody(ReasonBody):
    """The new priority: 0 to 10, higher first."""

    priority: Priority


BodyT = TypeVar("BodyT", bound=ReasonBody)


async def read_order(request: Request, model: type[BodyT], limit_bytes: int = BODY_LIMIT_BYTES) -> BodyT:
    """Read the body as `model`, {} if there is none. Raises a ProblemError that lists all wrong fields."""
    body = await read_body(request, limit_bytes)
    try:
        return model.model_validate_json(body or b"{}", strict=True)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        raise validation_problem(errors) from error
