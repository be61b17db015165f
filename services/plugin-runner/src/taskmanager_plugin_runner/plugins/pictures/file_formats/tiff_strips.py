"""TIFF strips that no library accepts as they are: YCbCr without JPEG, PackBits with trailing bytes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures import samples
from taskmanager_plugin_runner.plugins.pictures.facts import Colour, PictureFacts

_SUBSAMPLING, _COEFFICIENTS, _REFERENCE = 530, 529, 532


def packbits_has_all(facts: PictureFacts, page: tifffile.TiffPage) -> bool:
    """Whether the runs of each strip end exactly where the strip does; trailing bytes are allowed."""
    if facts.colour not in {Colour.GREY, Colour.RGB} or facts.bits != 8 or facts.planar or page.is_tiled:  # noqa: PLR2004 - plain
        return False
    if facts.white_is_zero or facts.alpha or facts.unspecified:
        return False
    width, height = facts.stored
    for number, data in enumerate(_stored(page)):
        rows = min(page.rowsperstrip, height - number * page.rowsperstrip)
        if rows > 0 and not _runs_end_at(data, rows * width * facts.samples):
            return False
    return True


def _runs_end_at(data: bytes, wanted: int) -> bool:
    """Whether a sequence of PackBits runs (TIFF 6.0, section 9) from the start adds up to `wanted` bytes."""
    made = at = 0
    while made < wanted and at < len(data):
        length = data[at]
        if length < 128:  # noqa: PLR2004 - so many bytes follow as they are
            made, at = made + length + 1, at + length + 2
        elif length > 128:  # noqa: PLR2004 - one byte so many times
            made, at = made + 257 - length, at + 2
        else:
            at += 1
    return made == wanted and at <= len(data)


def read_subsampled(facts: PictureFacts, page: tifffile.TiffPage) -> tuple[NDArray[Any], PictureFacts]:
    """YCbCr without JPEG: data units of luma and two chroma samples (TIFF 6.0, section 21)."""
    if facts.samples != 3 or facts.bits != 8 or page.is_tiled or facts.planar:  # noqa: PLR2004 - plain ones
        raise JobFailedError(picture_texts.YCBCR_KIND())
    across, down = _pair(page, _SUBSAMPLING, (2, 2))
    width, height = facts.stored
    rows = min(page.rowsperstrip, height)
    strips = []
    for number, data in enumerate(_strips(page)):
        lines = min(rows, height - number * rows)
        if lines <= 0:
            break
        strips.append(_units(data, width, lines, across, down))
    luma_chroma = np.concatenate(strips)[:height]
    rgb = samples.rgb_of_ycbcr(luma_chroma, _three(page, _COEFFICIENTS), _reference(page))
    return rgb, replace(facts, colour=Colour.RGB)


def _strips(page: tifffile.TiffPage) -> Iterator[bytes]:
    """The bytes of each strip, decompressed."""
    decompress = tifffile.TIFF.DECOMPRESSORS[page.compression]
    for data in _stored(page):
        try:
            yield data if page.compression == 1 else decompress(data)
        except Exception as error:
            # codecs raise their own errors, which have only Exception in common
            raise JobFailedError(picture_texts.DAMAGED(detail=error or type(error).__name__)) from error


def _stored(page: tifffile.TiffPage) -> Iterator[bytes]:
    """The bytes of each strip as stored in the file."""
    file = page.parent.filehandle
    for segment in file.read_segments(page.dataoffsets, page.databytecounts, lock=None, sort=False):
        data = segment[0] if isinstance(segment, tuple) else segment
        yield data if isinstance(data, bytes) else b""


def _units(data: bytes, width: int, lines: int, across: int, down: int) -> NDArray[Any]:
    columns, rows = -(-width // across), -(-lines // down)
    size = across * down + 2
    if len(data) < columns * rows * size:
        raise JobFailedError(picture_texts.STRIP_CUT(found=len(data), wanted=columns * rows * size))
    units = np.frombuffer(data, np.uint8, columns * rows * size).reshape(rows, columns, size)
    blocks = units[..., : across * down].reshape(rows, columns, down, across)
    luma = blocks.transpose(0, 2, 1, 3).reshape(rows * down, columns * across)
    chroma = [np.repeat(np.repeat(units[..., at], down, 0), across, 1) for at in (-2, -1)]
    return np.dstack([luma, *chroma])[:lines, :width]


def _pair(page: tifffile.TiffPage, code: int, default: tuple[int, int]) -> tuple[int, int]:
    tag = page.tags.get(code)
    across, down = default if tag is None else tag.value
    if across not in {1, 2, 4} or down not in {1, 2, 4}:
        raise JobFailedError(picture_texts.CHROMA_REDUCED(across=across, down=down))
    return across, down


def _three(page: tifffile.TiffPage, code: int) -> tuple[float, float, float] | None:
    tag = page.tags.get(code)
    if tag is None or len(tag.value) != 6:  # noqa: PLR2004 - three rationals
        return None
    red, green, blue = (tag.value[at] / (tag.value[at + 1] or 1) for at in (0, 2, 4))
    return red, green, blue


def _reference(page: tifffile.TiffPage) -> tuple[float, ...] | None:
    tag = page.tags.get(_REFERENCE)
    if tag is None or len(tag.value) != 12:  # noqa: PLR2004 - six rationals
        return None
    return tuple(tag.value[at] / (tag.value[at + 1] or 1) for at in range(0, 12, 2))
