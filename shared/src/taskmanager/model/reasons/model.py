"""A reason: the code of what is said, and the parameters of its sentence. Knows no sentences.

Reading one from a newer service never fails: its content is shown as well as possible.
"""

import json
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _readable(value: Any) -> Any:
    """Anything that is not a number, a text or a reason, as JSON."""
    if isinstance(value, str | Reason) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, dict) and isinstance(value.get("code"), str):
        return value
    return json.dumps(value, default=str)


class Reason(BaseModel):
    """Something to tell people. An unknown code comes from a newer service and is kept as it is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str = Field(examples=["refusal.nothing_to_hold"])
    parameters: "dict[str, ReasonValue]" = Field(default_factory=dict, examples=[{"status": "DONE"}])


ReasonValue = Annotated[int | str | Reason, BeforeValidator(_readable)]
"""A number, a text (a moment is ISO 8601 in UTC), or a reason within a sentence."""

Reason.model_rebuild()


def absent(reason: Reason | None) -> bool:
    """Whether a field is left out because there is no reason, so that older services can read the rest."""
    return reason is None
