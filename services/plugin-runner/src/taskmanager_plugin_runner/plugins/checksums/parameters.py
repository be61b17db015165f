"""The parameters of a job for checksums; `x-titles` in their schema are titles by language."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from taskmanager.plugin_api.words import words
from taskmanager_plugin_runner.plugins.checksums.manifests import Algorithm
from taskmanager_plugin_runner.plugins.validation.parameters import ValidationParameters


class ChecksumsParameters(ValidationParameters):
    """What a job may choose; everything else is in the template."""

    algorithm: Annotated[
        Algorithm | None, WithJsonSchema({"anyOf": [{"enum": [*Algorithm]}, {"type": "null"}]})
    ] = Field(
        default=None,
        title="Algorithm",
        description="sha512, sha256 or md5 for what is made; without it that of the template",
        json_schema_extra=words(
            de=("Verfahren", "sha512, sha256 oder md5 für das, was gemacht wird; sonst das der Vorlage")
        ),
    )
