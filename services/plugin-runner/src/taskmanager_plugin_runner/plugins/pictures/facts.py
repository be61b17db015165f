"""What a file says about one picture in it: the basis of all decisions, and of the checks of results.

Decodes nothing. numpy, libvips and the like are not imported here, so that facts are cheap.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

from taskmanager.model.reasons.job_texts import picture_texts

ORIENTATIONS_TURNED: Final = frozenset({5, 6, 7, 8})
"""EXIF and TIFF orientations that swap width and height (TIFF 6.0, page 36)."""


class Colour(StrEnum):
    """What the samples of a pixel mean."""

    GREY = "grey"
    RGB = "RGB"
    PALETTE = "palette"
    CMYK = "CMYK"
    LAB = "Lab"
    YCBCR = "YCbCr"

    @property
    def words(self) -> str:
        """For sentences; the names that are not English words are the same in all languages."""
        return _COLOUR_WORDS.get(self, self.value)


class SampleFormat(StrEnum):
    """How a sample is stored (TIFF 6.0, SampleFormat)."""

    UNSIGNED = "unsigned"
    SIGNED = "signed"
    FLOAT = "floating point"

    @property
    def words(self) -> str:
        """For sentences."""
        return _FORMAT_WORDS[self]


class Alpha(StrEnum):
    """How the colours of a pixel that is not opaque are stored (TIFF 6.0, ExtraSamples)."""

    ASSOCIATED = "associated"
    """Multiplied by alpha."""
    UNASSOCIATED = "unassociated"

    @property
    def words(self) -> str:
        """For sentences."""
        return _ALPHA_WORDS[self]


_COLOUR_WORDS: Final = {Colour.GREY: picture_texts.GREY(), Colour.PALETTE: picture_texts.PALETTE()}
_FORMAT_WORDS: Final = {
    SampleFormat.UNSIGNED: picture_texts.UNSIGNED(),
    SampleFormat.SIGNED: picture_texts.SIGNED(),
    SampleFormat.FLOAT: picture_texts.FLOATING_POINT(),
}
_ALPHA_WORDS: Final = {
    Alpha.ASSOCIATED: picture_texts.ASSOCIATED(),
    Alpha.UNASSOCIATED: picture_texts.UNASSOCIATED(),
}

COLOUR_SAMPLES: Final = {
    Colour.GREY: 1,
    Colour.RGB: 3,
    Colour.PALETTE: 1,
    Colour.CMYK: 4,
    Colour.LAB: 3,
    Colour.YCBCR: 3,
}


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """One picture of a file, as its header describes it.

    `stored` is width and height in pixels before `orientation` (1 to 8) is applied. `samples` is the number
    per pixel, including alpha and the `unspecified` ones, which are not declared as alpha. `bits` is the
    depth of one sample. `icc_lab`: Lab whose a and b are not signed but have 128 added. `directory`
    identifies the picture in the file; its meaning depends on the format. `subsampled`: colours have fewer
    samples than lightness, as in most JPEGs. `dots_per_inch` is None if the file gives no absolute
    resolution. `gamma` is that of a PNG (its chunk gAMA). `icc` holds the bytes of the embedded profile
    unchanged, fitting or not. `notes` say what is odd about the file.
    """

    format: str
    stored: tuple[int, int]
    colour: Colour
    samples: int
    bits: int
    sample_format: SampleFormat = SampleFormat.UNSIGNED
    orientation: int = 1
    white_is_zero: bool = False
    icc_lab: bool = False
    alpha: Alpha | None = None
    unspecified: int = 0
    planar: bool = False
    compression: str = ""
    subsampled: bool = False
    icc: bytes | None = field(default=None, repr=False)
    dots_per_inch: tuple[float, float] | None = None
    gamma: float | None = None
    directory: int = 0
    pages: int = 1
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Width of the upright picture in pixels."""
        return self.stored[1] if self.orientation in ORIENTATIONS_TURNED else self.stored[0]

    @property
    def height(self) -> int:
        """Height of the upright picture in pixels."""
        return self.stored[0] if self.orientation in ORIENTATIONS_TURNED else self.stored[1]

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return self.stored[0] * self.stored[1]

    @property
    def grey(self) -> bool:
        """Whether there is only one colour component, grey."""
        return self.colour is Colour.GREY

    def as_record(self) -> dict[str, JsonValue]:
        """The facts in brief, for the job's log and its list of files."""
        words: dict[str, JsonValue] = {
            "format": self.format,
            "size": f"{self.width} x {self.height}",
            "colour": self.colour.value,
            "bits": self.bits,
        }
        optional: dict[str, JsonValue] = {
            "sample format": None
            if self.sample_format is SampleFormat.UNSIGNED
            else self.sample_format.value,
            "alpha": f"{self.alpha.value} alpha" if self.alpha else None,
            "unspecified samples": self.unspecified or None,
            "compression": self.compression or None,
            "orientation": f"orientation {self.orientation}" if self.orientation != 1 else None,
            "profile": profile_name(self.icc) if self.icc else None,
            "resolution": _resolution_words(self.dots_per_inch),
            "pages": self.pages if self.pages > 1 else None,
        }
        return words | {name: value for name, value in optional.items() if value is not None}


def _resolution_words(dots_per_inch: tuple[float, float] | None) -> str | None:
    if dots_per_inch is None:
        return None
    x, y = dots_per_inch
    return f"{x:g} dpi" if abs(x - y) < 0.01 else f"{x:g} x {y:g} dpi"  # noqa: PLR2004 - no scanner is that exact


def profile_name(icc: bytes) -> str:
    """The description of an ICC profile (ICC.1, tag `desc`), or its colour space if it has none."""
    for position in range(132, 132 + 12 * int.from_bytes(icc[128:132][:4].rjust(4, b"\0")) % 1200, 12):
        if icc[position : position + 4] == b"desc":
            start, length = (int.from_bytes(icc[position + at : position + at + 4]) for at in (4, 8))
            return _description(icc[start : start + length]) or _kind(icc)
    return _kind(icc)


def _kind(icc: bytes) -> str:
    return icc[16:20].decode("latin-1").strip() or "unknown"


def _description(tag: bytes) -> str:
    if tag[:4] == b"desc":
        return tag[12 : 12 + int.from_bytes(tag[8:12])].rstrip(b"\0").decode("latin-1")[:100]
    if tag[:4] == b"mluc" and len(tag) >= 28:  # noqa: PLR2004 - one record
        length, start = int.from_bytes(tag[20:24]), int.from_bytes(tag[24:28])
        return tag[start : start + length].decode("utf-16-be", errors="replace")[:100]
    return ""
