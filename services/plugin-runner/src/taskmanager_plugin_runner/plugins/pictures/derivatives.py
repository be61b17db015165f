"""Makes JPEGs of one picture, several sizes from one decoding, and checks each before it counts.

Runs in a child process.
"""

import struct
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import imagecodecs
import numpy as np
import pyvips
from numpy.typing import NDArray

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures import colour, comparing, decoding, formats, samples
from taskmanager_plugin_runner.plugins.pictures.comparing import Reduced
from taskmanager_plugin_runner.plugins.pictures.decoding import Picture
from taskmanager_plugin_runner.plugins.pictures.facts import PictureFacts

JPEG_SIDE_MAX: Final = 65_535
_DENSITY_MAX: Final = 65_535
_FULL_CHROMA_QUALITY: Final = 90
"""From this quality on, colours keep their full resolution, as in ImageMagick."""
_END_OF_IMAGE: Final = b"\xff\xd9"
_WHITE: Final = (255, 255, 255)
_PROGRAM_DIFFERENCE: Final = 8.0
"""Out of 255, averaged over reduced copies: programs differ in how they convert colours."""
_JFIF_END: Final = 20
"""Bytes up to the end of the JFIF header, without a thumbnail."""
_ICC_PIECE: Final = 65_519
"""Bytes of a profile that fit into one segment."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One JPEG to make. `longest_side` None keeps the size; nothing is ever enlarged."""

    path: Path
    longest_side: int | None
    quality: int
    keep_profile: bool


@dataclass(frozen=True, slots=True)
class Made:
    """The facts of one JPEG, as read back from it, and its size."""

    facts: PictureFacts
    bytes: int


@dataclass(frozen=True, slots=True)
class Derived:
    """The results of one picture; `notes` are warnings."""

    made: tuple[Made, ...]
    notes: tuple[str, ...]
    seconds: float


def derive(
    source: Path, facts: PictureFacts, wanted: tuple[Wanted, ...], background: tuple[int, int, int]
) -> Derived:
    """Make all JPEGs of a picture; raises JobFailedError if it is damaged or a result is not as expected."""
    began = time.monotonic()
    picture = decoding.decode(source, facts, _enough(wanted))
    screens: dict[bool, tuple[Picture, Reduced]] = {}
    made = []
    for one in sorted(wanted, key=lambda one: one.longest_side or JPEG_SIDE_MAX, reverse=True):
        keep = one.keep_profile or picture.facts.icc is None  # the same if there is none to keep
        if keep not in screens:
            screen = colour.to_screen(picture, bits=8, keep_profile=keep, background=background)
            screens[keep] = (screen, Reduced.of(screen.samples))
        made.append(_make(*screens[keep], (facts.width, facts.height), one))
    notes = dict.fromkeys(note for screen, _ in screens.values() for note in screen.facts.notes)
    return Derived(tuple(made), tuple(notes), time.monotonic() - began)


def _enough(wanted: tuple[Wanted, ...]) -> int | None:
    """The longest side of the largest JPEG, or None if one keeps the size of the source."""
    sides = [one.longest_side for one in wanted]
    return None if None in sides else max(side for side in sides if side is not None)


def _make(screen: Picture, small: Reduced, size: tuple[int, int], wanted: Wanted) -> Made:
    """`size` is that of the source: the screen picture may already be a smaller copy."""
    pixels = resized(screen, size, wanted.longest_side)
    height, width = pixels.shape[:2]
    expected = replace(
        screen.facts,
        format="jpeg",
        stored=(width, height),
        dots_per_inch=written_resolution(screen.facts),
        compression="",
    )
    full_size = pixels.shape == screen.samples.shape
    data = encode(pixels, expected, wanted.quality, full_size=full_size)
    wanted.path.write_bytes(data)
    result = formats.read_facts(wanted.path)[0]
    if not data.endswith(_END_OF_IMAGE):
        raise JobFailedError(picture_texts.RESULT_WITHOUT_END())
    comparing.require_same_facts(result, expected)
    comparing.require_jpeg_alike(wanted.path, (width, height), small, wanted.quality)
    return Made(result, len(data))


def resized(screen: Picture, size: tuple[int, int], longest_side: int | None) -> NDArray[Any]:
    """The samples with no side longer than that; `size` is that of the source, which may be larger."""
    if longest_side is None or max(size) <= longest_side:
        return screen.samples
    factor = longest_side / max(size)
    interpretation = "b-w" if screen.facts.grey else "srgb"
    image = pyvips.Image.new_from_array(np.ascontiguousarray(screen.samples), interpretation=interpretation)
    across, down = (max(1, round(side * factor)) for side in size)
    return samples.array_of(image.thumbnail_image(across, height=down, size="force", no_rotate=True))


def written_resolution(facts: PictureFacts) -> tuple[float, float] | None:
    """The source's resolution in whole dots per inch: a fact about the scan, unchanged in a smaller copy."""
    if facts.dots_per_inch is None:
        return None
    x, y = (min(_DENSITY_MAX, max(1, round(value))) for value in facts.dots_per_inch)
    return float(x), float(y)


def encode(pixels: NDArray[Any], facts: PictureFacts, quality: int, *, full_size: bool) -> bytes:
    """A JPEG with resolution and profile; colours that are subsampled in the source stay so at full size."""
    height, width = pixels.shape[:2]
    if max(width, height) > JPEG_SIDE_MAX:
        raise JobFailedError(
            picture_texts.JPEG_TOO_LARGE(most=f"{JPEG_SIDE_MAX:,}", width=f"{width:,}", height=f"{height:,}")
        )
    full = quality >= _FULL_CHROMA_QUALITY and not (facts.subsampled and full_size)
    subsampling = "444" if full else "420"
    plain = np.ascontiguousarray(pixels[..., 0] if facts.grey else pixels)
    data = bytes(imagecodecs.jpeg8_encode(plain, level=quality, subsampling=subsampling))
    if data[2:4] != b"\xff\xe0" or data[6:11] != b"JFIF\0":
        raise JobFailedError(picture_texts.RESULT_WITHOUT_JFIF())
    return (
        data[:13]
        + _density(facts.dots_per_inch)
        + data[18:_JFIF_END]
        + _profile(facts.icc)
        + data[_JFIF_END:]
    )


def _density(dots_per_inch: tuple[float, float] | None) -> bytes:
    """Unit and densities of the JFIF header; 1 x 1 without a unit if none is known."""
    if dots_per_inch is None:
        return struct.pack(">BHH", 0, 1, 1)
    return struct.pack(">BHH", 1, *(int(value) for value in dots_per_inch))


def _profile(icc: bytes | None) -> bytes:
    """An ICC profile in APP2 segments (ICC.1, annex B.4)."""
    if icc is None:
        return b""
    pieces = [icc[at : at + _ICC_PIECE] for at in range(0, len(icc), _ICC_PIECE)]
    return b"".join(
        b"\xff\xe2"
        + struct.pack(">H", len(piece) + 16)
        + b"ICC_PROFILE\0"
        + bytes([number, len(pieces)])
        + piece
        for number, piece in enumerate(pieces, start=1)
    )


def require_decodable(source: Path, source_facts: PictureFacts, result: Path, facts: PictureFacts) -> None:
    """Raise JobFailedError unless a program's result can be fully decoded."""
    del source, source_facts
    _decoded_result(result, facts)


def require_alike(source: Path, source_facts: PictureFacts, result: Path, facts: PictureFacts) -> None:
    """Raise JobFailedError unless a program's result, of any size, looks like its source on a screen.

    For programs that only resize, convert and compress: cropping or rotating fails the check.
    """
    shown = [
        colour.to_screen(picture, bits=8, keep_profile=False, background=_WHITE)
        for picture in (decoding.decode(source, source_facts), _decoded_result(result, facts))
    ]
    if shown[0].facts.colour is not shown[1].facts.colour:
        raise JobFailedError(
            picture_texts.OTHER_COLOUR(result=shown[1].facts.colour.words, source=shown[0].facts.colour.words)
        )
    comparing.require_close(shown[1].samples, shown[0].samples, _PROGRAM_DIFFERENCE)


def _decoded_result(result: Path, facts: PictureFacts) -> Picture:
    try:
        return decoding.decode(result, facts)
    except JobFailedError as error:
        raise JobFailedError(picture_texts.RESULT_NOT_COMPLETE(error=error)) from error
