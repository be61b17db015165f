"""The parameters that every validating plugin takes; `x-titles` in their schema are titles by language."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.interface import ExistingParameters
from taskmanager.plugin_api.words import words
from taskmanager_plugin_runner.plugins.parameters import existing_schema


class Invalid(StrEnum):
    """What a job does that found a file which is not valid."""

    ERROR = "error"
    """It ends as ERROR and names the files; as with every failed job, no report is placed."""
    REPORT = "report"
    """It ends as DONE with a warning for each such file, and its reports are placed."""


_EXISTING: Final = existing_schema(
    "Reports of pages that are gone",
    "reports of earlier jobs whose page is gone",
    german="Berichte von Seiten, die es nicht mehr gibt",
    of_german="Berichten früherer Jobs, deren Seite es nicht mehr gibt,",
)


class ValidationParameters(ExistingParameters):
    """What a job may choose; everything else is in the profile."""

    existing: Annotated[Existing, _EXISTING] = Existing.KEEP
    invalid: Invalid = Field(
        default=Invalid.ERROR,
        title="If a file is not valid",
        description="error: the job fails and names the files; report: it warns, and the reports are placed",
        json_schema_extra=words(
            de=(
                "Wenn eine Datei nicht valide ist",
                (
                    "error: der Job scheitert und nennt die Dateien; report: er warnt, und die "
                    "Berichte werden abgelegt"
                ),
            )
        ),
    )
