"""The parameters of a conversion; `x-titles` in their schema are titles by language."""

from enum import StrEnum

from pydantic import Field

from taskmanager.plugin_api.interface import ExistingParameters
from taskmanager.plugin_api.words import words


class RunningHeads(StrEnum):
    """What becomes of running heads, page numbers and catchwords."""

    KEEP = "keep"
    """They stay, and are marked as what they are."""
    DROP = "drop"
    """They are left out; the record of the file says how many words that were."""


class AltoConvertParameters(ExistingParameters):
    """What a job may choose; without a value, that of the template counts."""

    running_heads: RunningHeads | None = Field(
        default=None,
        title="Running heads and page numbers",
        description="keep or drop",
        json_schema_extra=words(de=("Kolumnentitel und Seitenzahlen", "keep: behalten, drop: weglassen")),
    )
