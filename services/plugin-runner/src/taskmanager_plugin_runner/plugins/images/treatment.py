"""What is done to every picture of a job, as values that pass to the process that does it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Position(StrEnum):
    """Where a watermark is."""

    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"
    CENTRE = "centre"


class Format(StrEnum):
    """The format of a derivative."""

    JPEG = "jpeg"
    PNG = "png"
    TIFF = "tiff"
    WEBP = "webp"

    @property
    def suffix(self) -> str:
        """Of its files."""
        return {Format.JPEG: ".jpg", Format.PNG: ".png", Format.TIFF: ".tif", Format.WEBP: ".webp"}[self]


@dataclass(frozen=True, slots=True)
class Mark:
    """A watermark: a text, or a picture with its own transparency.

    `height` is that of the mark, in percent of the longest side of the derivative; `opacity` from 0 to 1.
    """

    text: str
    picture: Path | None
    font: Path | None
    position: Position
    height: float
    opacity: float
    colour: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Treatment:
    """Whether pictures are straightened, cropped and marked.

    `deskew_limit` in degrees: a picture that is skew by more is left alone. `crop_margin` in percent of the
    longest side: how much is kept around the page.
    """

    deskew: bool = False
    deskew_limit: float = 5.0
    crop: bool = False
    crop_margin: float = 0.0
    mark: Mark | None = None
    background: tuple[int, int, int] = (255, 255, 255)

    @property
    def reshapes(self) -> bool:
        """Whether a picture may get another shape."""
        return self.deskew or self.crop


@dataclass(frozen=True, slots=True)
class Order:
    """One derivative to make. `longest_side` None keeps the size; nothing is ever enlarged."""

    path: Path
    format: Format
    longest_side: int | None
    quality: int
    keep_profile: bool
    marked: bool
