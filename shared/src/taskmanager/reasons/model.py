"""A reason: the code of what is told, and what its sentence names. Knows no sentence."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Value = Annotated["int | str | Reason", Field(union_mode="left_to_right")]
"""A number, a text (a moment is ISO 8601 in UTC), or a reason within a sentence."""


def absent(reason: "Reason | None") -> bool:
    """For fields that are left out where there is none, so that older services read the rest."""
    return reason is None


class Reason(BaseModel):
    """Something that is told. A code nobody here knows is of a newer service, and is kept as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    code: str = Field(examples=["refusal.nothing_to_hold"])
    parameters: dict[str, Value] = Field(default_factory=dict, examples=[{"status": "DONE"}])
