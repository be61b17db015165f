"""The parameters of a job for audio and video; `x-titles` in their schema are titles by language."""

from typing import Annotated, Final

from pydantic import Field

from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.interface import ExistingParameters
from taskmanager.plugin_api.words import words
from taskmanager_plugin_runner.plugins.parameters import existing_schema

_EXISTING: Final = existing_schema(
    "Results of recordings that are gone",
    "results of earlier jobs whose source is gone",
    german="Ergebnisse von Aufnahmen, die es nicht mehr gibt",
    of_german="Ergebnissen früherer Jobs, deren Quelle es nicht mehr gibt,",
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
        json_schema_extra=words(
            de=("Größte Höhe eines Films", "in Pixeln; sonst die der Vorlage; vergrößert wird nichts")
        ),
    )
