"""Writes a decoded picture as a file that a PDF or an EPUB can hold. Runs in a child process."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyvips
from numpy.typing import NDArray

from taskmanager_plugin_runner.plugins.pictures.facts import PictureFacts

DPI_LEAST, DPI_MOST = 70, 2400
"""What is outside of this is no resolution of a scan (it is what Tesseract takes to be credible)."""
WHITE: Final = (255, 255, 255)


def credible_dpi(facts: PictureFacts) -> int | None:
    """The resolution of a picture in dots per inch, None if it gives none that is credible."""
    if facts.dots_per_inch is None:
        return None
    dpi = round(min(facts.dots_per_inch))
    return dpi if DPI_LEAST <= dpi <= DPI_MOST else None


def write_bilevel(path: Path, pixels: NDArray[Any]) -> Path:
    """TIFF in Group 4, which loses nothing and is smaller than anything else; all pixels are 0 or 255."""
    _image(pixels).tiffsave(str(path), compression="ccittfax4", bitdepth=1)
    return path


def write_jpeg(path: Path, pixels: NDArray[Any], quality: int, longest_side: int | None = None) -> Path:
    """JPEG of 8-bit grey or sRGB pixels, made smaller if a side is longer than `longest_side`."""
    image = _image(pixels)
    if longest_side is not None and max(image.width, image.height) > longest_side:
        image = image.thumbnail_image(longest_side, height=longest_side, size="down")
    image.jpegsave(str(path), Q=quality)
    return path


def write_png(path: Path, pixels: NDArray[Any]) -> Path:
    """PNG of 8-bit grey or sRGB pixels: nothing is lost."""
    _image(pixels).pngsave(str(path), compression=6)
    return path


def _image(pixels: NDArray[Any]) -> "pyvips.Image":
    kind = "b-w" if pixels.shape[2] == 1 else "srgb"
    return pyvips.Image.new_from_array(np.ascontiguousarray(pixels), interpretation=kind)
