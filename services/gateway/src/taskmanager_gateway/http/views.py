"""What the API's responses have in common."""

from typing import Any, Literal

from pydantic import Field

from taskmanager.model.jobs import Record
from taskmanager.model.reasons import Reason, ReasonValue

API = "/api/v1"


class ReasonView(Record):
    """A reason for programs: a code with its parameters. docs/reasons.md lists the codes."""

    code: str = Field(examples=["history.held"])
    parameters: dict[str, ReasonValue] = Field(examples=[{"by": "anna", "why": "wrong scan"}])


def reason_fields(reason: Reason) -> dict[str, Any]:
    """The fields of `ReasonView` for a reason."""
    return {"code": reason.code, "parameters": reason.parameters}


class CommandView(Record):
    """The result of a command."""

    command: str = Field(description="Id of the command in the audit log.")
    outcome: Literal["done", "unchanged"] = Field(description="`unchanged`: nothing had to be changed.")


class PendingView(Record):
    """A command that is stored but not yet done."""

    command: str = Field(description="Id of the command in the audit log.")
    outcome: Literal["pending"] = "pending"
    detail: str
    links: dict[str, str]


def json_bytes(model: Record | Any) -> bytes:
    """Serialise a model to JSON."""
    return bytes(model.__pydantic_serializer__.to_json(model))
