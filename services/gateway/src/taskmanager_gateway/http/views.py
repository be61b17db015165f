"""What the API's responses have in common."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from taskmanager.model.jobs import Interruption, Record
from taskmanager.model.reasons import Reason, ReasonValue
from taskmanager_gateway.codes import english

API = "/api/v1"


class ReasonView(Record):
    """A reason for programs: a code with its parameters. docs/reasons.md lists the codes."""

    code: str = Field(examples=["history.held"])
    parameters: dict[str, ReasonValue] = Field(examples=[{"by": "anna", "why": "wrong scan"}])


def reason_fields(reason: Reason) -> dict[str, Any]:
    """The fields of `ReasonView` for a reason."""
    return {"code": reason.code, "parameters": reason.parameters}


class InterruptionView(Record):
    """Who stopped something, when and why.

    `reason` is an operator's own words, or the sentence of `code`: why the scheduler stopped it by itself.
    """

    by: str
    at: datetime
    reason: str
    code: str | None
    parameters: dict[str, ReasonValue] | None

    @classmethod
    def of(cls, stop: Interruption) -> Self:
        """The public form."""
        why = stop.told
        members = reason_fields(why) if why else {"code": None, "parameters": None}
        fields = stop.__dict__ | members | {"reason": english(why) if why else ""}
        return cls(**{name: fields[name] for name in cls.model_fields})

    @property
    def told(self) -> Reason | None:
        """Why it was stopped, if anything is known."""
        return None if self.code is None else Reason(code=self.code, parameters=self.parameters or {})


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
