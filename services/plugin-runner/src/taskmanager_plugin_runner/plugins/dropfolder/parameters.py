"""The parameters of a job for an engine; `x-titles` in their schema are titles by language."""

from typing import Annotated, Final

from pydantic import Field

from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.interface import ExistingParameters
from taskmanager.plugin_api.words import words
from taskmanager_plugin_runner.plugins.ocr.parameters import GivenFontType, Languages
from taskmanager_plugin_runner.plugins.parameters import existing_schema

_EXISTING: Final = existing_schema(
    "Results of pages that are gone",
    "results of earlier jobs whose page is gone",
    german="Ergebnisse von Seiten, die es nicht mehr gibt",
    of_german="Ergebnissen früherer Jobs, deren Seite es nicht mehr gibt,",
)


class DropFolderParameters(ExistingParameters):
    """What a job may choose; templates use both in the names of folders and in the file about a ticket."""

    existing: Annotated[Existing, _EXISTING] = Existing.KEEP
    language: Languages = Field(
        default=(),
        title="Languages",
        description="codes, the most frequent first (ger, lat); without it those of the template",
        json_schema_extra=words(
            de=("Sprachen", "Kürzel, die häufigste zuerst (ger, lat); sonst die der Vorlage")
        ),
    )
    font_type: GivenFontType = Field(
        default=None,
        title="Type",
        description="antiqua or fraktur; without it that of the template",
        json_schema_extra=words(de=("Schriftart", "antiqua oder fraktur; sonst die der Vorlage")),
    )
