"""What answers of the API have in common."""

from typing import Any, Literal

from pydantic import Field

from taskmanager.model.jobs import Record
from taskmanager.model.reasons import Reason, Value

API = "/api/v1"


class Told(Record):
    """What is told, for programs: a code with its parameters. docs/reasons.md lists the codes."""

    code: str = Field(examples=["history.held"])
    parameters: dict[str, Value] = Field(examples=[{"by": "anna", "why": "wrong scan"}])


def told(reason: Reason) -> dict[str, Any]:
    """The fields of `Told`."""
    return {"code": reason.code, "parameters": reason.parameters}


class CommandView(Record):
    """What became of a command."""

    command: str = Field(description="Names the command in the audit.")
    outcome: Literal["done", "unchanged"] = Field(description="`unchanged`: it was so already.")


class PendingView(Record):
    """A command that is stored but not done yet."""

    command: str = Field(description="Names the command in the audit.")
    outcome: Literal["pending"] = "pending"
    detail: str
    links: dict[str, str]


def json_bytes(model: Record | Any) -> bytes:
    """The JSON of a model."""
    return bytes(model.__pydantic_serializer__.to_json(model))
