"""Draws the pictures of the corpus as arrays, so that the right answer is known before any file exists.

Every picture is uneven on purpose: it looks different when mirrored, turned, moved by a pixel, cut in half,
inverted, byte-swapped, made grey, or with its channels exchanged. Knows no file format.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""Rows, columns, channels (always three dimensions)."""

WIDTH: Final = 37
HEIGHT: Final = 23
_EXACT_BITS: Final = 53


def picture(channels: int = 1, width: int = WIDTH, height: int = HEIGHT) -> Array:
    """A picture of 1, 3 or 4 channels with values from 0 to 1."""
    rows, columns = np.mgrid[0:height, 0:width]
    x, y = columns / (width - 1), rows / (height - 1)
    grey = 0.12 + 0.5 * x + 0.32 * y
    planes = [grey] if channels == 1 else [0.1 + 0.8 * x, 0.15 + 0.7 * y, 0.85 - 0.6 * x * y, 0.3 * (1 - y)]
    drawn = np.stack(planes[:channels], axis=-1)
    for (left, top, right, bottom), colour in _PATCHES:
        inside = (x >= left) & (x < right) & (y >= top) & (y < bottom)
        drawn[inside] = [colour[0]] if channels == 1 else colour[:channels]
    return drawn


_PATCHES: Final = (
    ((0.08, 0.12, 0.32, 0.42), (0.95, 0.10, 0.15, 0.0)),
    ((0.60, 0.55, 0.93, 0.72), (0.05, 0.75, 0.20, 0.1)),
    ((0.15, 0.75, 0.30, 1.01), (1.00, 0.95, 0.10, 0.0)),
)
"""Left, top, right, bottom as parts of the sides, and the values."""


def alpha(width: int = WIDTH, height: int = HEIGHT) -> Array:
    """How opaque each pixel is: nothing at the right edge, everything at the left, half between."""
    x = np.broadcast_to(np.linspace(0, 1, width), (height, width))
    return np.clip(1.6 - 1.9 * x, 0, 1)[..., np.newaxis]


def unsigned(units: Array, bits: int) -> Array:
    """Values from 0 to 1 as whole numbers of the full range of `bits`."""
    if bits <= _EXACT_BITS:
        return np.rint(np.clip(units, 0, 1) * (2**bits - 1)).astype(np.uint64)
    steps = np.rint(np.clip(units, 0, 1) * (2**_EXACT_BITS - 1)).astype(np.uint64)
    return (steps << np.uint64(bits - _EXACT_BITS)) | np.uint64(2 ** (bits - _EXACT_BITS) - 1)


def signed(units: Array, bits: int) -> Array:
    """Values from 0 to 1 as whole numbers from the lowest to the highest of `bits` with a sign."""
    return unsigned(units, bits).astype(np.int64) - 2 ** (bits - 1)


def indexes(entries: int, width: int = WIDTH, height: int = HEIGHT) -> Array:
    """Indexes into a palette, in patches."""
    return np.minimum(picture(1, width, height) * entries, entries - 1).astype(np.uint64)


def palette(entries: int) -> Array:
    """Colours of a palette from 0 to 1, three for each entry, in no order that looks like grey."""
    number = np.arange(entries) / max(1, entries - 1)
    return np.stack([number, (number * 3.7) % 1.0, 1 - number * 0.8], axis=-1)
