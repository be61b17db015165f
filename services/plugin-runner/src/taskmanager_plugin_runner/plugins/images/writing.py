"""Writes a picture in one of several formats, and checks what was written with another library.

Runs in a child process.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.images import texts
from taskmanager_plugin_runner.plugins.images.treatment import Format
from taskmanager_plugin_runner.plugins.pictures import comparing, decoding, derivatives, formats
from taskmanager_plugin_runner.plugins.pictures.comparing import Reduced
from taskmanager_plugin_runner.plugins.pictures.facts import Colour, PictureFacts

_SIDE_MOST: Final = {Format.WEBP: 16_383, Format.PNG: 1_000_000, Format.TIFF: 1_000_000}
_LOSSY_DIFFERENCE: Final = 4.0
"""Out of 255, averaged over reduced copies."""


def write(
    path: Path, kind: Format, pixels: NDArray[Any], facts: PictureFacts, quality: int, *, full_size: bool
) -> PictureFacts:
    """Write 8-bit grey or RGB pixels, and return the facts of the file as read back from it.

    `facts` are those of the screen picture, with its profile and resolution. Raises JobFailedError if the
    file does not show the pixels: PNG and TIFF every one of them, JPEG and WebP as a whole.
    """
    height, width = pixels.shape[:2]
    expected = replace(
        facts,
        format=kind.value,
        stored=(width, height),
        dots_per_inch=derivatives.written_resolution(facts),
        compression="",
    )
    if kind is Format.JPEG:
        path.write_bytes(derivatives.encode(pixels, expected, quality, full_size=full_size))
    else:
        expected = _save(path, kind, pixels, expected, quality)
    result = formats.read_facts(path)[0]
    comparing.require_same_facts(result, expected)
    _require_shown(path, kind, pixels, result, quality)
    return result


def _save(path: Path, kind: Format, pixels: NDArray[Any], facts: PictureFacts, quality: int) -> PictureFacts:
    """Write by Pillow; returns the facts that the file must have."""
    height, width = pixels.shape[:2]
    if max(width, height) > _SIDE_MOST[kind]:
        raise JobFailedError(
            texts.TOO_LARGE(format=kind.value, most=f"{_SIDE_MOST[kind]:,}", width=width, height=height)
        )
    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if facts.grey else pixels))
    options: dict[str, Any] = {"icc_profile": facts.icc} if facts.icc else {}
    if kind is Format.WEBP:
        image.convert("RGB").save(path, "WEBP", quality=quality, **options)
        return replace(facts, colour=Colour.RGB, samples=3, dots_per_inch=None)
    if facts.dots_per_inch:
        options["dpi"] = facts.dots_per_inch
    image.save(path, kind.value, **options, **({"compression": "tiff_lzw"} if kind is Format.TIFF else {}))
    return facts


def _require_shown(path: Path, kind: Format, pixels: NDArray[Any], facts: PictureFacts, quality: int) -> None:
    if kind is Format.JPEG:
        comparing.require_jpeg_alike(path, (facts.width, facts.height), Reduced.of(pixels), quality)
        return
    found = decoding.decode(path, facts).samples
    if kind is Format.WEBP:
        wanted = pixels if pixels.shape[2] > 1 else np.repeat(pixels, 3, axis=2)
        comparing.require_close(found, wanted, _LOSSY_DIFFERENCE)
        return
    comparing.require_equal(found, pixels)
