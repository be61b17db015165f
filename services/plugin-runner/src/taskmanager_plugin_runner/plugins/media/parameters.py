"""The parameters of a job for audio and video; `x-titles` in their schema are titles by language."""

from typing import Annotated, Final

from pydantic import Field

from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.interface import ExistingParameters
from taskmanager_plugin_runner.plugins.parameters import existing_schema

_EXISTING: Final = existing_schema(
    "Results of recordings that are gone",
    "Ergebnisse von Aufnahmen, die es nicht mehr gibt",
    "results of earlier jobs whose source is gone",
)


class MediaParameters(ExistingParameters):
    """What a job may choose; everything else is in the template."""

    existing: Annotated[Existing, _EXISTING] = Existing.KEEP
    height: int | None = Field(
        default=None,
        ge=16,
        le=8640,
        title="Greatest height of a film",
        description="in pixels; without it that of the template; nothing is enlarged",
        json_schema_extra={"x-titles": {"de": "Größte Höhe eines Films"}},
    )
