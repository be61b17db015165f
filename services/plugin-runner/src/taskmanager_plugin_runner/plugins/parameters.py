"""What the jobs of the plugins for pictures may choose alike."""

from enum import StrEnum

from pydantic import Field

from taskmanager.plugin_api.interface import ExistingParameters


class Pages(StrEnum):
    """Which pages of a file of several."""

    FIRST = "first"
    ALL = "all"


class PictureParameters(ExistingParameters):
    """The base of their parameters."""

    pages: Pages = Field(
        default=Pages.FIRST,
        description="of a file with several pages: the first, or all, named <stem>_0001, <stem>_0002, ...",
    )
