"""The parameters shared by the picture plugins."""

from enum import StrEnum

from pydantic import Field

from taskmanager.plugin_api.interface import ExistingParameters


class Pages(StrEnum):
    """Which pages to take from a file with several."""

    FIRST = "first"
    ALL = "all"


class PictureParameters(ExistingParameters):
    """Base class of the picture plugins' parameters."""

    pages: Pages = Field(
        default=Pages.FIRST,
        description="of a file with several pages: the first, or all, named <stem>_0001, <stem>_0002, ...",
    )
