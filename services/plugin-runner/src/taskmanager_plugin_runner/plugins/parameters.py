"""The parameters shared by the picture plugins."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, WithJsonSchema

from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.interface import ExistingParameters
from taskmanager.plugin_api.words import words


def existing_schema(title: str, description: str, *, german: str, of_german: str) -> WithJsonSchema:
    """How a plugin presents its parameter `existing`, in its own words."""
    return WithJsonSchema(
        {
            "type": "string",
            "enum": [*Existing],
            "default": Existing.KEEP,
            "title": title,
            "description": f"What becomes of {description}: keep, replace or refuse",
            **words(
                de=(
                    german,
                    f"Was aus {of_german} wird: behalten (keep), ersetzen (replace) oder ablehnen (refuse)",
                )
            ),
        }
    )


class Pages(StrEnum):
    """Which pages to take from a file with several."""

    FIRST = "first"
    ALL = "all"


class PictureParameters(ExistingParameters):
    """Base class of the picture plugins' parameters."""

    pages: Pages = Field(
        default=Pages.FIRST,
        title="Pages of a file",
        description="of a file with several pages: the first, or all, named <stem>_0001, <stem>_0002, ...",
        json_schema_extra=words(
            de=(
                "Seiten einer Datei",
                (
                    "bei einer Datei mit mehreren Seiten: die erste (first) oder alle (all), benannt "
                    "<stem>_0001, <stem>_0002, ..."
                ),
            )
        ),
    )


class BackgroundParameters(PictureParameters):
    """Base class of the parameters of plugins whose results have no transparency."""

    background: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")] = Field(
        default="#ffffff",
        title="Background",
        description="colour behind transparent pixels",
        json_schema_extra=words(de=("Hintergrund", "Farbe hinter durchsichtigen Pixeln")),
    )

    @property
    def background_rgb(self) -> tuple[int, int, int]:
        """Red, green and blue, 0 to 255."""
        return rgb(self.background)


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of `#rrggbb`."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue
