"""Checks a result against its source: the facts of both, and the pictures themselves.

Runs in a child process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyvips
from numpy.typing import NDArray

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import list_texts, picture_texts
from taskmanager_plugin_runner.plugins.pictures import samples
from taskmanager_plugin_runner.plugins.pictures.facts import Alpha, Colour, PictureFacts, SampleFormat

GRID: Final = 64
"""Cells along the longest side of the copies that are compared."""
_OVERSAMPLING: Final = 4
_BLOCK: Final = 8
_DIFFERENCE: Final = 3.0
"""Out of 255, averaged over the reduced copies: resizing and compression cause less than one."""
_SHARE_OF_CONTRAST, _SHARE_WHEN_SMALL, _SMALL = 0.05, 0.25, 128
"""Further tolerance, as a share of the source's own standard deviation, and the additional share for small
pictures, in full up to `_SMALL` pixels a side: there compression changes the mean of a cell. Unrelated
pictures differ by more than all of it.
"""
_CLEARLY: Final = 1.0
"""Out of 255: how much closer to a flipped source a result must be to fail; text is nearly symmetric."""
_POOR_QUALITY: Final = 60
_RESOLUTION_TOLERANCE: Final = 0.01

_COMPARED: Final = {
    "width": picture_texts.PIXELS_ACROSS,
    "height": picture_texts.PIXELS_DOWN,
    "colour": picture_texts.COLOUR,
    "samples": picture_texts.SAMPLES,
    "bits": picture_texts.BITS,
    "sample_format": picture_texts.SAMPLE_FORMAT,
    "orientation": picture_texts.ORIENTATION,
    "alpha": picture_texts.ALPHA,
}
"""The facts that are compared, with the words for them."""


def require_same_facts(result: PictureFacts, expected: PictureFacts) -> None:
    """Raise JobFailedError listing all differences if the result's facts are not the expected ones."""
    different = [
        _difference(what(), getattr(result, name), getattr(expected, name))
        for name, what in _COMPARED.items()
        if getattr(result, name) != getattr(expected, name)
    ]
    if result.icc != expected.icc:
        different.append(picture_texts.OTHER_PROFILE())
    if not _same_resolution(result.dots_per_inch, expected.dots_per_inch):
        what = picture_texts.RESOLUTION()
        different.append(_difference(what, result.dots_per_inch, expected.dots_per_inch))
    if different:
        differences = list_texts.joined(list_texts.SEMICOLON, different)
        raise JobFailedError(picture_texts.NOT_AS_EXPECTED(differences=differences))


def _difference(what: str, found: object, expected: object) -> str:
    return picture_texts.DIFFERENCE(what=what, found=_words(found), expected=_words(expected))


def _words(value: object) -> object:
    if value is None:
        return picture_texts.NOTHING()
    return value.words if isinstance(value, Colour | SampleFormat | Alpha) else value


def _same_resolution(one: Sequence[float] | None, other: Sequence[float] | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(abs(a - b) <= max(0.6, _RESOLUTION_TOLERANCE * b) for a, b in zip(one, other, strict=True))


def require_equal(result: NDArray[Any], source: NDArray[Any]) -> None:
    """Raise JobFailedError unless all samples are equal; says how many differ and where the first one is."""
    if result.shape != source.shape:
        raise JobFailedError(picture_texts.OTHER_SHAPE(result=result.shape, source=source.shape))
    if np.array_equal(result, source):
        return
    differing = np.argwhere(result != source)
    row, column, channel = (int(number) for number in differing[0])
    raise JobFailedError(
        picture_texts.NOT_LOSSLESS(number=len(differing), column=column, row=row, channel=channel)
    )


@dataclass(frozen=True, slots=True)
class Reduced:
    """A small copy of a picture of `size` (width, height); each pixel stands for `step` original ones."""

    pixels: NDArray[Any]
    size: tuple[int, int]
    step: tuple[int, int]

    @classmethod
    def of(cls, pixels: NDArray[Any]) -> "Reduced":
        """Reduce 8-bit pixels of height x width x channels."""
        height, width = pixels.shape[:2]
        factor = max(1, max(height, width) // (_OVERSAMPLING * GRID))
        step = min(factor, width), min(factor, height)
        if factor > 1:
            image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels))
            pixels = samples.array_of(image.shrink(*step))
        return cls(pixels, (width, height), step)

    def means(self, cells: tuple[int, int]) -> NDArray[Any]:
        """The mean of each cell of a grid over the picture; pixels are weighted by the shared area."""
        down = _weights(self.pixels.shape[0], self.step[1], self.size[1], cells[1])
        across = _weights(self.pixels.shape[1], self.step[0], self.size[0], cells[0])
        return np.asarray(
            np.einsum("yh,hwc,xw->yxc", down, self.pixels.astype(np.float32), across, optimize=True)
        )


def _cells(size: tuple[int, int]) -> tuple[int, int]:
    """Cells across and down: GRID along the longest side, but none smaller than a JPEG block."""
    width, height = size
    longest = max(1, min(GRID, max(size) // _BLOCK))
    return max(1, round(longest * width / max(size))), max(1, round(longest * height / max(size)))


def _weights(count: int, step: int, extent: int, cells: int) -> NDArray[Any]:
    """How much of each cell (row) each pixel (column) covers; rows add up to 1."""
    starts = np.minimum(np.arange(count) * step, extent) / extent
    ends = np.minimum((np.arange(count) + 1) * step, extent) / extent
    edges = np.arange(cells + 1) / cells
    covered = np.minimum(ends, edges[1:, None]) - np.maximum(starts, edges[:-1, None])
    covered = np.clip(covered, 0, None)
    total = covered.sum(axis=1, keepdims=True)
    return (covered / np.where(total > 0, total, 1)).astype(np.float32)


def require_jpeg_alike(result: Path, size: tuple[int, int], source: Reduced, quality: int) -> None:
    """Raise JobFailedError unless a JPEG of `size` shows what its source does.

    Detects a picture that is grey, inverted, mirrored, rotated, shifted or cut in half; does not judge
    quality.
    """
    allowed = _DIFFERENCE + max(0, _POOR_QUALITY - quality) / 4
    require_alike(_reduced_jpeg(result, size), source, allowed)


def require_close(result: NDArray[Any], source: NDArray[Any], allowed: float) -> None:
    """As `require_alike`, for the 8-bit pixels of two pictures of any size."""
    require_alike(Reduced.of(result), Reduced.of(source), allowed)


def require_alike(result: Reduced, source: Reduced, allowed: float) -> None:
    """Raise JobFailedError unless reduced copies are alike; `allowed` is the mean difference, out of 255."""
    cells = _cells(min(result.size, source.size))
    one, other = result.means(cells), source.means(cells)
    if one.shape != other.shape:
        raise JobFailedError(picture_texts.OTHER_CHANNELS(found=one.shape[2], wanted=other.shape[2]))
    difference = float(np.abs(one - other).mean())
    share = _SHARE_OF_CONTRAST + _SHARE_WHEN_SMALL * min(1.0, _SMALL / max(result.size))
    allowed += share * float(other.std())
    if difference > allowed:
        raise JobFailedError(
            picture_texts.NOT_ALIKE(difference=f"{difference:.1f}", allowed=f"{allowed:.1f}")
        )
    if max(result.size) < GRID:
        return  # with so few pixels, compression leaves too little to decide
    for how, turned in (
        (picture_texts.MIRRORED(), other[:, ::-1]),
        (picture_texts.UPSIDE_DOWN(), other[::-1]),
        (picture_texts.TURNED(), other[::-1, ::-1]),
    ):
        if float(np.abs(one - turned).mean()) + _CLEARLY < difference:
            raise JobFailedError(picture_texts.LIKE_TURNED(how=how))


def _reduced_jpeg(path: Path, size: tuple[int, int]) -> Reduced:
    """Decoded at the smallest sufficient size."""
    fitting = (by for by in (8, 4, 2) if max(size) >= 2 * by * GRID and min(size) >= by)
    factor = next(fitting, 1)
    try:
        found = samples.array_of(pyvips.Image.jpegload(str(path), shrink=factor, fail_on="warning"))
    except pyvips.Error as error:
        raise JobFailedError(picture_texts.RESULT_NOT_DECODED(error=error)) from error
    return Reduced(found, size, (factor, factor))
