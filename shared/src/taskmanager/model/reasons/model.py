"""A reason: the code of what is told, and what its sentence names. Knows no sentence.

Read from a newer service it never fails: what it holds is shown as well as it can be.
"""

import json
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _readable(value: Any) -> Any:
    """What is neither a number, a text nor a reason, as JSON."""
    if isinstance(value, str | Reason) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, dict) and isinstance(value.get("code"), str):
        return value
    return json.dumps(value, default=str)


class Reason(BaseModel):
    """Something that is told. A code nobody here knows is of a newer service, and is kept as it is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str = Field(examples=["refusal.nothing_to_hold"])
    parameters: "dict[str, Value]" = Field(default_factory=dict, examples=[{"status": "DONE"}])


Value = Annotated[int | str | Reason, BeforeValidator(_readable)]
"""A number, a text (a moment is ISO 8601 in UTC), or a reason within a sentence."""

Reason.model_rebuild()


def absent(reason: Reason | None) -> bool:
    """For fields that are left out where there is none, so that older services read the rest."""
    return reason is None
