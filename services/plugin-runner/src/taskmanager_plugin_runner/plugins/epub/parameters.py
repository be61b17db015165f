"""The parameters of an EPUB job; `x-titles` in their schema are titles by language."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from taskmanager.model.manifest import Parameters

FileName = Annotated[str, StringConstraints(pattern=r"^[^./\\\x00-\x1f][^/\\\x00-\x1f]{0,150}$")]


def _german(title: str) -> dict[str, Any]:
    return {"x-titles": {"de": title}}


class EpubParameters(Parameters):
    """What a job may choose; without a value, that of the template counts."""

    name: FileName | None = Field(
        default=None,
        title="Name of the file",
        description="without .epub; without it the title of the process",
        json_schema_extra=_german("Name der Datei"),
    )
    running_heads: bool | None = Field(
        default=None,
        title="Running heads and page numbers",
        description="whether they are a part of the text",
        json_schema_extra=_german("Kolumnentitel und Seitenzahlen"),
    )
    longest_side: int | None = Field(
        default=None,
        ge=64,
        le=4_000,
        title="Longest side of pictures",
        description="in pixels",
        json_schema_extra=_german("Längste Seite der Bilder"),
    )
