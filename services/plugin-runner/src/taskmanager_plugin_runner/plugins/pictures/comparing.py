"""Holds a result against its source: the facts of both, and the pictures themselves. Runs in a child process."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyvips
from numpy.typing import NDArray

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.pictures import samples
from taskmanager_plugin_runner.plugins.pictures.facts import Facts

GRID: Final = 64
"""Cells along the longest side of the copies that are compared."""
_OVERSAMPLING: Final = 4
_DIFFERENCE: Final = 3.0
"""Of 255, on average over the reduced copies: what resizing and compression leave is below one."""
_FINE_DIFFERENCE: Final = 12.0
"""More where a point of the copy is few pixels, since each pixel may differ by more."""
_POOR_QUALITY: Final = 60
_RESOLUTION_TOLERANCE: Final = 0.01
_COARSE: Final = 4


def require_same_facts(result: Facts, expected: Facts) -> None:
    """Raise JobFailedError if the result is not what it was meant to be: all that differs, in one sentence."""
    different = [
        f"{what}: {getattr(result, name)} instead of {getattr(expected, name)}"
        for what, name in (
            ("pixels across", "width"),
            ("pixels down", "height"),
            ("colour", "colour"),
            ("samples", "samples"),
            ("bits", "bits"),
            ("sample format", "sample_format"),
            ("orientation", "orientation"),
            ("alpha", "alpha"),
        )
        if getattr(result, name) != getattr(expected, name)
    ]
    if result.icc != expected.icc:
        different.append("the colour profile")
    if not _same_resolution(result.dots_per_inch, expected.dots_per_inch):
        different.append(f"resolution: {result.dots_per_inch} instead of {expected.dots_per_inch}")
    if different:
        raise JobFailedError(f"the result is not what it should be ({'; '.join(different)})")


def _same_resolution(one: Sequence[float] | None, other: Sequence[float] | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(abs(a - b) <= max(0.6, _RESOLUTION_TOLERANCE * b) for a, b in zip(one, other, strict=True))


def require_equal(result: NDArray[Any], source: NDArray[Any]) -> None:
    """Raise JobFailedError unless every sample is the same; says how many are not and where the first is."""
    if result.shape != source.shape:
        raise JobFailedError(f"the result has the shape {result.shape}, its source {source.shape}")
    if np.array_equal(result, source):
        return
    differing = np.argwhere(result != source)
    row, column, channel = (int(number) for number in differing[0])
    raise JobFailedError(
        f"the result is not lossless: {len(differing)} samples differ, the first at column {column}, row {row}, "
        f"channel {channel}"
    )


def reduced(pixels: NDArray[Any], cells: tuple[int, int] | None = None) -> NDArray[Any]:
    """The mean of each cell of a grid over 8-bit pixels; without `cells` the longest side has GRID (or its pixels)."""
    height, width = pixels.shape[:2]
    step = max(1, max(height, width) // (_OVERSAMPLING * GRID))
    if step > 1:
        image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels))
        pixels = samples.array_of(image.shrink(min(step, width), min(step, height)))
    return _means(
        pixels, (width, height), (min(step, width), min(step, height)), cells or _cells(width, height)
    )


def _cells(width: int, height: int) -> tuple[int, int]:
    """Cells across and down."""
    factor = min(1.0, GRID / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def _means(
    pixels: NDArray[Any], size: tuple[int, int], step: tuple[int, int], cells: tuple[int, int]
) -> NDArray[Any]:
    """Means over the cells; a pixel stands for `step` pixels of a picture of `size`, and counts by its area."""
    down = _weights(pixels.shape[0], step[1], size[1], cells[1])
    across = _weights(pixels.shape[1], step[0], size[0], cells[0])
    return np.einsum("yh,hwc,xw->yxc", down, pixels.astype(np.float32), across, optimize=True)


def _weights(count: int, step: int, extent: int, cells: int) -> NDArray[Any]:
    """How much of each cell (row) each pixel (column) covers; rows add up to 1."""
    starts = np.minimum(np.arange(count) * step, extent) / extent
    ends = np.minimum((np.arange(count) + 1) * step, extent) / extent
    edges = np.arange(cells + 1) / cells
    covered = np.minimum(ends, edges[1:, None]) - np.maximum(starts, edges[:-1, None])
    covered = np.clip(covered, 0, None)
    total = covered.sum(axis=1, keepdims=True)
    return (covered / np.where(total > 0, total, 1)).astype(np.float32)


def require_alike(result: Path, source: NDArray[Any], pixels: tuple[int, int], quality: int) -> None:
    """Raise JobFailedError unless a JPEG shows what its source does.

    `source` is a reduced copy of the source, `pixels` the size of the result. It notices a picture that is grey,
    inverted, mirrored, turned, shifted or half; it does not judge quality.
    """
    copy = _reduced_jpeg(result, pixels, (source.shape[1], source.shape[0]))
    if copy.shape[2] != source.shape[2]:
        raise JobFailedError(f"the result has {copy.shape[2]} channel(s) instead of {source.shape[2]}")
    step = max(pixels) / GRID
    if step < _COARSE:
        copy, source = _luma(copy), _luma(source)
    difference = float(np.abs(copy - source).mean())
    allowed = _DIFFERENCE + _FINE_DIFFERENCE / max(1.0, step) + max(0, _POOR_QUALITY - quality) / 4
    if difference > allowed:
        raise JobFailedError(
            f"the result does not look like its source: reduced copies differ by {difference:.1f} of 255 on average "
            f"({allowed:.1f} are allowed)"
        )


def require_close(result: NDArray[Any], source: NDArray[Any], allowed: float) -> None:
    """Raise JobFailedError if reduced copies of two 8-bit pictures, of whatever sizes, differ by more on average."""
    height, width = source.shape[:2]
    cells = _cells(min(width, result.shape[1]), min(height, result.shape[0]))
    copies = [reduced(pixels, cells) for pixels in (result, source)]
    if copies[0].shape != copies[1].shape:
        raise JobFailedError(
            f"the result has {copies[0].shape[2]} channel(s), the source {copies[1].shape[2]}"
        )
    difference = float(np.abs(copies[0] - copies[1]).mean())
    if difference > allowed + _FINE_DIFFERENCE / max(1.0, max(width, height) / GRID):
        raise JobFailedError(
            f"the result does not look like its source: reduced copies differ by {difference:.1f} of 255 on average"
        )


def _reduced_jpeg(path: Path, size: tuple[int, int], cells: tuple[int, int]) -> NDArray[Any]:
    """Means over the cells of a JPEG, decoded at the smallest size that will do."""
    factor = next((factor for factor in (8, 4, 2) if min(size) >= 2 * factor * max(cells)), 1)
    try:
        found = samples.array_of(pyvips.Image.jpegload(str(path), shrink=factor, fail_on="warning"))
    except pyvips.Error as error:
        raise JobFailedError(f"the result cannot be decoded: {error}") from error
    return _means(found, size, (factor, factor), cells)


def _luma(pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.shape[2] == 1:
        return pixels
    return pixels @ np.array([0.299, 0.587, 0.114])
