"""A second opinion on a file that was not drawn: this project's own reader, else Pillow, else none."""

import struct
import warnings
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from tests.images.pictures import Array
from tests.images.samples.bytestreams import UnsupportedError
from tests.images.samples.tiff_reader import truth_of
from tests.images.truth import Colour, Extra, Truth

_BITS: Final = {"1": 1, "I;16": 16, "I;16B": 16, "I;16L": 16}
_COLOURS: Final = {"CMYK": Colour.CMYK, "LAB": Colour.LAB}
_LOSS: Final = {"JPEG": 1.5, "MPO": 1.5, "JPEG2000": 1.5, "WEBP": 1.5}
_TIFF_JPEG: Final = "jpeg"
_ORIENTATION: Final = 274
_BITS_PER_SAMPLE: Final = 258
_SAMPLE_FORMAT: Final = 339
_THREE_BYTES: Final = 24
_TWO_MORE: Final = 2
_HEADER: Final = 4096
_SRGB_GAMMA: Final = 0.45455
_UNREADABLE: Final = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError),
    *(MemoryError, RuntimeError, struct.error, Image.DecompressionBombError),
)
"""What Pillow raises for files it cannot read."""


@lru_cache(maxsize=2)
def opinion(path: Path) -> Truth | None:
    """What the file shows; None if neither reader knows."""
    if path.read_bytes()[:2] in {b"II", b"MM"}:
        with suppress(UnsupportedError, MemoryError):
            truth = truth_of(path.read_bytes())
            return None if _is_disputed(truth) else truth
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _by_pillow(path)
        except _UNREADABLE:
            return None


def _is_disputed(truth: Truth) -> bool:
    """Whether readers interpret such a file in two ways, and nothing in it says which is right.

    Samples of 24 bits stand in two byte orders in the field; grey with two more samples that nobody explains
    may be RGB. What was drawn has both kinds in forms that are sure.
    """
    return truth.bits == _THREE_BYTES or (truth.colour is Colour.GREY and len(truth.extra) == _TWO_MORE)


def _by_pillow(path: Path) -> Truth | None:
    with Image.open(path) as image:
        image.load()
        _forward(image)
        if not _is_known_to_pillow(image):
            return None
        info: dict[str, Any] = {str(name): value for name, value in image.info.items()}
        kind, mode, original = image.format or "", image.mode, image
        loss = _LOSS.get(kind, 0.0) + (1.5 if info.get("compression") == _TIFF_JPEG else 0.0)
        tagged = kind != "TIFF" or 282 in image.tag_v2  # type: ignore[attr-defined]
        turn = 1 if kind == "TIFF" else int(image.getexif().get(_ORIENTATION, 1))
        pixels = _pixels(original)
    if pixels is None:
        return None
    samples, extra = pixels
    if kind == "JPEG2000" and b"cdef" not in path.read_bytes()[:_HEADER]:
        extra = (Extra.UNSPECIFIED,) * len(extra)  # Pillow takes it for alpha, the file does not say so
    return Truth(
        samples=samples,
        colour=_colour(mode, samples.shape[2] - len(extra)),
        bits=_BITS.get(mode, 8),
        extra=extra,
        orientation=turn if 1 <= turn <= 8 else 1,
        profile=info.get("icc_profile") or None,
        resolution=info.get("dpi") if tagged else None,
        gamma=_other_gamma(info),
        known_by_jp2=kind != "JPEG2000",
        loss=loss,
    )


def _other_gamma(info: dict[str, Any]) -> float | None:
    """The gamma of a PNG, if it counts and is not that of sRGB."""
    if "gamma" not in info or {"srgb", "icc_profile"} & info.keys():
        return None
    gamma = float(info["gamma"])
    return gamma if abs(gamma - _SRGB_GAMMA) > 0.01 else None


def _forward(image: Image.Image) -> None:
    """Move to the first full page of a TIFF that begins with a reduced copy."""
    for page in range(getattr(image, "n_frames", 1) if image.format == "TIFF" else 0):
        image.seek(page)
        if not int(image.tag_v2.get(254, 0)) & 5:  # type: ignore[attr-defined]
            image.load()
            return
    if image.format == "TIFF":
        image.seek(0)
        image.load()


def _is_known_to_pillow(image: Image.Image) -> bool:
    """Whether its samples are of a kind Pillow has a mode for: it opens other TIFFs too, and shows noise."""
    if image.format != "TIFF":
        return True
    tags = image.tag_v2  # type: ignore[attr-defined]
    return set(tags.get(_BITS_PER_SAMPLE, (1,))) <= {1, 8, 16} and set(tags.get(_SAMPLE_FORMAT, (1,))) == {1}


def _pixels(image: Image.Image) -> tuple[Array, tuple[Extra, ...]] | None:
    if image.mode in {"P", "PA", "LA", "RGBA"} or "transparency" in image.info:
        clear = image.mode != "P" or "transparency" in image.info
        grey = image.mode == "LA" or (image.mode == "L" and clear)
        samples = np.asarray(image.convert(("LA" if grey else "RGBA") if clear else "RGB"))
        return samples.astype(np.int64), (Extra.UNASSOCIATED,) if clear else ()
    if image.mode in {"1", "L", "RGB", "CMYK", "I;16", "I;16B", "I;16L"}:
        samples = np.asarray(image).astype(np.int64)
        return samples.reshape(image.height, image.width, -1), ()
    return None


def _colour(mode: str, channels: int) -> Colour:
    return _COLOURS.get(mode, Colour.RGB if channels > 2 else Colour.GREY)
