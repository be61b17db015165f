"""What was drawn and how it was stored, which determines the right result. Knows no reader."""

from dataclasses import dataclass, field
from enum import StrEnum

from tests.images.pictures import Array


class Numbers(StrEnum):
    """How the samples are to be interpreted (SampleFormat of TIFF)."""

    UNSIGNED = "unsigned"
    SIGNED = "signed"
    FLOAT = "float"


class Colour(StrEnum):
    """What the channels mean."""

    GREY = "grey"
    RGB = "rgb"
    CMYK = "cmyk"
    LAB = "lab"
    YCBCR = "ycbcr"


class Extra(StrEnum):
    """What a channel beyond the colours means (ExtraSamples of TIFF)."""

    UNSPECIFIED = "unspecified"
    ASSOCIATED = "associated"
    UNASSOCIATED = "unassociated"


class Shape(StrEnum):
    """How much of the picture the file still holds, and so which outcomes are allowed."""

    WHOLE = "whole"
    ODD = "odd"
    BROKEN = "broken"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A drawn picture as it is stored; `samples` holds the colours, then the extra channels.

    WHOLE must become a result, BROKEN must not. ODD is whole though against its format's rules: a result with
    or without a warning. UNCLEAR may be refused, but if it is done then rightly. `loss` is how far, in levels
    of 255, a reader may be off since the source itself was stored with loss or readers may round differently.
    """

    samples: Array
    colour: Colour = Colour.GREY
    bits: int = 8
    numbers: Numbers = Numbers.UNSIGNED
    inverted: bool = False
    palette: Array | None = None
    extra: tuple[Extra, ...] = ()
    orientation: int = 1
    profile: bytes | None = None
    resolution: tuple[float, float] | None = None
    gamma: float | None = None
    loss: float = 0.0
    lossy_ycbcr: bool = False
    shape: Shape = Shape.WHOLE
    known_by_jp2: bool = True
    warns: bool | None = None
    reason: str = "."


@dataclass(frozen=True, slots=True)
class Case:
    """One drawn file: the row of the table it belongs to, its name, its bytes and its truth."""

    kind: str
    name: str
    data: bytes = field(repr=False)
    truth: Truth = field(repr=False)
    representative: bool = False
    """Whether it belongs to the small selection for `make test`."""
    large: bool = False
    """Whether it is large and smooth enough for the lossy profiles."""
