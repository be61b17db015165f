"""The parameters of an EPUB job; `x-titles` in their schema are titles by language."""

from typing import Annotated

from pydantic import Field, StringConstraints

from taskmanager.model.manifest import Parameters
from taskmanager.plugin_api.words import words

FileName = Annotated[str, StringConstraints(pattern=r"^[^./\\\x00-\x1f][^/\\\x00-\x1f]{0,150}$")]


class EpubParameters(Parameters):
    """What a job may choose; without a value, that of the template counts."""

    name: FileName | None = Field(
        default=None,
        title="Name of the file",
        description="without .epub; without it the title of the process",
        json_schema_extra=words(de=("Name der Datei", "ohne .epub; sonst der Titel des Vorgangs")),
    )
    running_heads: bool | None = Field(
        default=None,
        title="Running heads and page numbers",
        description="whether they are a part of the text",
        json_schema_extra=words(de=("Kolumnentitel und Seitenzahlen", "ob sie zum Text gehören")),
    )
    longest_side: int | None = Field(
        default=None,
        ge=64,
        le=4_000,
        title="Longest side of pictures",
        description="in pixels",
        json_schema_extra=words(de=("Längste Seite der Bilder", "in Pixeln")),
    )
