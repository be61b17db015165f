"""Reads what an image file says about itself, without decoding its pixels. Knows no tool and no job."""

import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from taskmanager.errors import JobFailedError

if TYPE_CHECKING:
    from PIL import Image

PIXELS_MAX: Final = 800_000_000
"""A sheet of A0 at 600 dpi has 558 million; more is a damaged header that asks for all memory."""

_SIGNATURES: Final = (
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "j2k"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
)
_ORIENTATION_TAG: Final = 0x0112
_SUBFILE_TYPE_TAG: Final = 254
_BITS_TAG: Final = 258
_TURNED: Final = frozenset({5, 6, 7, 8})
_GREY_MODES: Final = frozenset({"1", "L", "LA", "La", "I", "F"})
_ALPHA_MODES: Final = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_UNREADABLE: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    EOFError,
)
"""What Pillow raises for headers it cannot make sense of."""
_READING: Final = threading.Lock()
"""Warning filters belong to the whole process, so threads take turns; a header takes less than a
millisecond."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the header of an image says of its first page.

    `width` and `height` are those of the picture as it is meant to be seen, so after `orientation` (1 to
    8, as in TIFF) was applied. `bits` are those of one sample. `dots_per_inch` is None if the file gives
    no absolute resolution. `tags` are those of a TIFF, `traits` the notes of other formats (Pillow's names).
    """

    format: str
    width: int
    height: int
    mode: str
    bits: int = 8
    orientation: int = 1
    pages: int = 1
    icc_profile: bytes | None = None
    dots_per_inch: tuple[float, float] | None = None
    tags: dict[int, Any] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)

    @property
    def grey(self) -> bool:
        """Grey or bilevel, with or without alpha."""
        return self.mode in _GREY_MODES or self.mode.startswith("I;")

    @property
    def alpha(self) -> bool:
        """Some pixels may be transparent."""
        return self.mode in _ALPHA_MODES or "transparency" in self.traits


def sniff(path: Path) -> str:
    """The format of a file by its first bytes, in ImageMagick's words; raises JobFailedError for others."""
    with path.open("rb") as file:
        head = file.read(12)
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    what = "is empty" if not head else "is no TIFF, PNG, JPEG, JPEG 2000, GIF, BMP or WebP file"
    raise JobFailedError(f"{path.name} {what}")


def read_facts(path: Path) -> ImageFacts | None:
    """The facts of an image, or None if its header cannot be read by Pillow (the tool may still know it).

    Raises JobFailedError if the header speaks of more than PIXELS_MAX pixels.
    """
    try:
        with _opened(path) as image:
            facts = _facts(image)
    except (*_UNREADABLE, struct.error):
        return None
    refuse_huge(path.name, facts.width, facts.height)
    return facts


def refuse_huge(name: str, width: int, height: int) -> None:
    """Raise JobFailedError if an image has more than PIXELS_MAX pixels."""
    if width * height > PIXELS_MAX:
        raise JobFailedError(
            f"{name} claims {width} x {height} pixels; more than {PIXELS_MAX} are not processed"
        )


def require_same_size(source: ImageFacts, width: int, height: int) -> None:
    """Raise JobFailedError unless a result has the width and height of its source."""
    if (source.width, source.height) != (width, height):
        expected = f"{source.width} x {source.height}"
        raise JobFailedError(f"the result has {width} x {height} pixels, the source {expected}")


def require_complete_jpeg(path: Path) -> None:
    """Raise JobFailedError unless a JPEG file ends with its end marker (EOI in ITU-T T.81, B.1.1.3)."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2))
        if file.read() != b"\xff\xd9":
            raise JobFailedError("the result is no complete JPEG file: its end marker is missing")


@contextmanager
def _opened(path: Path) -> "Iterator[Image.Image]":
    from PIL import Image  # noqa: PLC0415 - reading a manifest needs no Pillow

    Image.MAX_IMAGE_PIXELS = None  # refuse_huge says it in our words
    with _READING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tool will read the file again and say what is wrong with it
        with Image.open(path) as image:
            yield image


def _facts(image: "Image.Image") -> ImageFacts:
    tags: dict[int, Any] = dict(getattr(image, "tag_v2", {}))
    traits = {str(name): value for name, value in image.info.items()}
    orientation = _orientation(image)
    width, height = image.size  # Pillow gives the size of a TIFF as turned, that of a JPEG as stored
    if image.format in {"JPEG", "MPO"} and orientation in _TURNED:
        width, height = height, width
    return ImageFacts(
        format=image.format or "",
        width=width,
        height=height,
        mode=image.mode,
        bits=_bits(image, tags),
        orientation=orientation,
        pages=_pages(image),
        icc_profile=traits.get("icc_profile") or None,
        dots_per_inch=_resolution(tags, traits),
        tags=tags,
        traits=traits,
    )


def _orientation(image: "Image.Image") -> int:
    """1 to 8; other formats than TIFF and JPEG are shown as stored (and asking Pillow would decode a PNG)."""
    value = image.getexif().get(_ORIENTATION_TAG, 1) if image.format in {"TIFF", "JPEG", "MPO"} else 1
    return value if isinstance(value, int) and 1 <= value <= max(_TURNED) else 1


def _bits(image: "Image.Image", tags: dict[int, Any]) -> int:
    """Bits of a sample: what a TIFF says, else 16 for what is wider than a byte.

    Pillow calls a PNG of three times 16 bits "RGB", and tells the width only in how it would decode it.
    """
    said = tags.get(_BITS_TAG)
    if isinstance(said, tuple) and said and all(isinstance(value, int) for value in said):
        return int(max(said))
    stored = getattr(image, "tile", None) or [("", (), 0, "")]
    wide = image.mode in {"I", "F"} or image.mode.startswith("I;") or ";16" in str(stored[0][3])
    return 16 if wide else 8


def _pages(image: "Image.Image") -> int:
    """Pages without the reduced copies that some scanners append (TIFF 6.0, NewSubfileType, bit 0)."""
    count = int(getattr(image, "n_frames", 1))
    if count == 1 or image.format != "TIFF":
        return 1
    pages = 0
    for frame in range(count):
        image.seek(frame)
        pages += not int(getattr(image, "tag_v2", {}).get(_SUBFILE_TYPE_TAG, 0)) & 1
    image.seek(0)
    return max(1, pages)


def _resolution(tags: dict[int, Any], traits: dict[str, Any]) -> tuple[float, float] | None:
    """Dots per inch; a TIFF without resolution tags has none, whatever a reader fills in."""
    if tags and not {282, 283} <= tags.keys():
        return None
    dpi = traits.get("dpi")
    if not isinstance(dpi, tuple) or len(dpi) != 2:  # noqa: PLR2004 - x and y
        return None
    x, y = (float(value) for value in dpi)
    return (x, y) if x > 1 and y > 1 else None
