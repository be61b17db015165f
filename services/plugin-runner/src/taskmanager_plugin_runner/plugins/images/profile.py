"""A template of the plugin `images`, as values that can be validated. Runs nothing."""

from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from taskmanager.model.jobs import Record, ShortText
from taskmanager_plugin_runner.plugins.images.parameters import Derivatives
from taskmanager_plugin_runner.plugins.images.treatment import Position
from taskmanager_plugin_runner.plugins.titled import Titled

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
_DEGREES_MOST: Final = 15


class Watermark(Record):
    """A text or a picture on every derivative that does not say otherwise.

    `height` in percent of the longest side, `opacity` from 0 to 1. `{title}` in the text is the title of the
    process.
    """

    text: ShortText = ""
    picture: Path | None = None
    font: Path | None = None
    position: Position = Position.BOTTOM_RIGHT
    height: float = Field(default=2.5, gt=0, le=100)
    opacity: float = Field(default=0.5, gt=0, le=1)
    colour: Colour = "#808080"

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if bool(self.text) == (self.picture is not None):
            raise ValueError("a watermark is either a text or a picture")
        return self


class Profile(Titled):
    """The keys of a template file; `docs/plugins/images.md` explains them.

    `deskew_limit` in degrees, `crop_margin` in percent of the longest side.
    """

    description: str = ""
    derivatives: Derivatives = Field(min_length=1)
    deskew: bool = False
    deskew_limit: float = Field(default=5.0, gt=0, le=_DEGREES_MOST)
    crop: bool = False
    crop_margin: float = Field(default=0.0, ge=0, le=20)
    watermark: Watermark | None = None
    parallel: int | None = Field(default=None, ge=1, le=64)
    time_limit_seconds: float = Field(default=600.0, gt=0, le=604_800)
