"""The samples of one picture of a TIFF file.

libtiff (through libvips) reads LZW, fax and JPEG compression: it is faster, and the only one here that
notices damage in fax and JPEG data. tifffile reads everything else and fails if a strip or tile is short.
Pillow handles the old-style JPEG that both lack.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyvips
import tifffile
from numpy.typing import NDArray
from PIL import Image

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures import samples
from taskmanager_plugin_runner.plugins.pictures.facts import Colour, PictureFacts, SampleFormat
from taskmanager_plugin_runner.plugins.pictures.file_formats import tiff
from taskmanager_plugin_runner.plugins.pictures.file_formats.tiff_strips import (
    packbits_has_all,
    read_subsampled,
)

_FAX: Final = frozenset({"ccittrle", "ccittrlew", "ccitt_t4", "ccitt_t6", "ccittfax3", "ccittfax4"})
_JPEG: Final = frozenset({"jpeg"})
_PACKBITS: Final = "packbits"
_OLD_JPEG: Final = frozenset({"ojpeg"})
_JPEG_COLOURS: Final = {
    Colour.GREY: Colour.GREY,
    Colour.RGB: Colour.RGB,
    Colour.YCBCR: Colour.RGB,
}
_STRIP_OFFSETS, _STRIP_BYTE_COUNTS, _TILE_OFFSETS, _TILE_BYTE_COUNTS = 273, 279, 324, 325
_UINT8_MAX: Final = 255
_THREE_BYTES: Final = 24
_HORIZONTAL: Final = 2
"""The predictor that stores differences of samples (TIFF 6.0, section 14)."""
_ICC_LAB_MOST: Final = 65280
"""Lightness 100 in 16 bits (ICC.1, the older encoding used by ICC Lab in TIFF)."""


def read(path: Path, facts: PictureFacts) -> tuple[NDArray[Any], PictureFacts]:
    """Height x width x channels, black is zero, palettes applied; and the facts of these samples.

    Raises JobFailedError if a pixel is missing or doubtful.
    """
    with tiff.opened(path) as file:
        page, number = tiff.find_page(file, facts.directory)
        return read_page(path, facts, page, number)


def read_page(
    path: Path, facts: PictureFacts, page: tifffile.TiffPage, number: int | None
) -> tuple[NDArray[Any], PictureFacts]:
    """The same for a directory of the open file; `number` is its place in the main chain, if it is in it."""
    try:
        if facts.compression not in _OLD_JPEG:
            require_all_segments(page)
        return _canonical(*_read(path, facts, page, number))
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise JobFailedError(picture_texts.HEADER_DAMAGED(detail=error or type(error).__name__)) from error


def _read(
    path: Path, facts: PictureFacts, page: tifffile.TiffPage, number: int | None
) -> tuple[NDArray[Any], PictureFacts]:
    if facts.compression in _OLD_JPEG:
        return _by_pillow(path, facts, number)
    if number is not None and _for_libtiff(facts):
        return _by_libtiff(path, facts, page, number)
    try:
        return _by_tifffile(facts, page)
    except JobFailedError:
        if number is None or facts.compression != _PACKBITS or not packbits_has_all(facts, page):
            raise
    image = pyvips.Image.tiffload(str(path), page=number, access="sequential", fail_on="error")
    note = picture_texts.PACKBITS_ODD()
    return samples.array_of(image), replace(facts, notes=(*facts.notes, note))


def _canonical(found: NDArray[Any], facts: PictureFacts) -> tuple[NDArray[Any], PictureFacts]:
    """Lab as floating point, lightness 0 to 100 (TIFF 6.0, section 23, and the supplement for ICC Lab)."""
    if facts.colour is not Colour.LAB:
        return found, facts
    if facts.bits not in {8, 16} or facts.sample_format is SampleFormat.FLOAT:
        raise JobFailedError(picture_texts.LAB_BITS(bits=facts.bits))
    lab = found.astype(np.float32)
    wide = facts.bits == 16  # noqa: PLR2004 - the only other one
    most = (_ICC_LAB_MOST if facts.icc_lab else 65535) if wide else 255
    lab[..., 0] *= 100 / most
    step = 256 if wide else 1
    if facts.icc_lab:
        lab[..., 1:3] = lab[..., 1:3] / step - 128
    else:
        signed = found[..., 1:3].astype(np.int16 if wide else np.int8, casting="unsafe")
        lab[..., 1:3] = signed.astype(np.float32) / step
    return lab, facts


def _for_libtiff(facts: PictureFacts) -> bool:
    """Whether libvips returns the samples as stored, or converted as their compression defines."""
    if facts.planar or facts.alpha or facts.unspecified or facts.sample_format is not SampleFormat.UNSIGNED:
        return False
    if facts.compression in _FAX:
        return facts.bits == 1 and facts.colour is Colour.GREY
    if facts.compression in _JPEG:
        return facts.bits == 8 and facts.colour in _JPEG_COLOURS  # noqa: PLR2004 - a byte
    return facts.compression == "lzw" and facts.bits in {8, 16} and facts.colour in {Colour.GREY, Colour.RGB}


def _by_libtiff(
    path: Path, facts: PictureFacts, page: tifffile.TiffPage, number: int
) -> tuple[NDArray[Any], PictureFacts]:
    try:
        image = pyvips.Image.tiffload(str(path), page=number, access="sequential", fail_on="warning")
        found = samples.array_of(image)
    except pyvips.Error as error:
        if facts.compression == "lzw":
            found, facts = _by_tifffile(facts, page)
            note = picture_texts.LZW_ODD()
            return found, replace(facts, notes=(*facts.notes, note))
        raise JobFailedError(picture_texts.DAMAGED(detail=_detail(error))) from error
    bits = 8 if facts.bits == 1 else facts.bits
    return found, replace(
        facts, colour=_JPEG_COLOURS[facts.colour], bits=bits, white_is_zero=False, samples=found.shape[2]
    )


def _detail(error: pyvips.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(lines[1:]) or picture_texts.DATA_ODD()


def _by_tifffile(facts: PictureFacts, page: tifffile.TiffPage) -> tuple[NDArray[Any], PictureFacts]:
    if facts.colour is Colour.YCBCR and facts.compression not in _JPEG:
        return read_subsampled(facts, page)
    try:
        found = page.asarray(squeeze=False, maxworkers=1)
    except MemoryError:
        raise
    except Exception as error:
        # codecs raise their own errors, which have only Exception in common
        raise JobFailedError(picture_texts.DAMAGED(detail=error or type(error).__name__)) from error
    planes, _, height, width, channels = found.shape
    found = found.reshape(planes, height, width, channels).transpose(1, 2, 0, 3)
    found = found.reshape(height, width, planes * channels)
    if found.dtype == np.bool_:
        found = found.view(np.uint8)
    if page.predictor == _HORIZONTAL and found.dtype.kind == "u":
        # the differences of unusual bit depths are modulo their range
        found = found & found.dtype.type(2**facts.bits - 1)
    if facts.bits == _THREE_BYTES and facts.sample_format is not SampleFormat.FLOAT:
        found = _of_three_bytes(found, page)
    return _black_is_zero(found, facts, page)


def _of_three_bytes(found: NDArray[Any], page: tifffile.TiffPage) -> NDArray[Any]:
    """Samples of 24 bits; raises JobFailedError if their byte order cannot be determined.

    libtiff uses the byte order of the file; other writers always put the most significant byte first, which
    is how tifffile reads them. In the wrong order a picture is noise: the right order has by far the smaller
    steps from pixel to pixel.
    """
    values = found.astype(np.uint32)
    if page.parent.byteorder == ">":
        return values.byteswap()  # tifffile treats the unpacked samples as big-endian once more
    if page.predictor != 1:
        return values  # libtiff supports no predictor for them
    swapped = (values & 0xFF) << 16 | values & 0xFF00 | values >> 16
    if np.array_equal(values >> 16, swapped >> 16):
        return values
    steps, swapped_steps = _steps(values), _steps(swapped)
    if min(steps, swapped_steps) * 2 > max(steps, swapped_steps):
        raise JobFailedError(picture_texts.BITS_24())
    return values if steps < swapped_steps else swapped


def _steps(values: NDArray[Any]) -> float:
    """The mean step from a pixel to its neighbours."""
    wide = values.astype(np.int64)
    steps = [np.abs(np.diff(wide, axis=axis)).mean() for axis in (0, 1) if wide.shape[axis] > 1]
    return float(np.mean(steps)) if steps else 0.0


def _black_is_zero(
    found: NDArray[Any], facts: PictureFacts, page: tifffile.TiffPage
) -> tuple[NDArray[Any], PictureFacts]:
    if facts.colour is Colour.PALETTE:
        return _through_palette(found, facts, page)
    if facts.colour is Colour.YCBCR:  # JPEG: tifffile has converted it to RGB
        facts = replace(facts, colour=Colour.RGB)
    if facts.white_is_zero:
        found = found.copy()
        found[..., 0] = samples.inverted(found[..., 0], facts)
    return found, replace(facts, white_is_zero=False)


def require_all_segments(page: tifffile.TiffPage) -> None:
    """Require every strip or tile to have an offset and data; raises JobFailedError if some are missing."""
    if not page.dataoffsets:
        raise JobFailedError(picture_texts.NO_OFFSETS())
    across = down = 1
    if page.is_tiled:
        across = -(-page.imagewidth // page.tilewidth)
        down = -(-page.imagelength // page.tilelength)
    else:
        down = -(-page.imagelength // min(max(1, page.rowsperstrip), page.imagelength))
    wanted = across * down * (page.samplesperpixel if page.planarconfig == 2 else 1)  # noqa: PLR2004 - planes
    kind = picture_texts.TILES() if page.is_tiled else picture_texts.STRIPS()
    offsets = _numbers(page, _TILE_OFFSETS if page.is_tiled else _STRIP_OFFSETS) or page.dataoffsets
    counts = _numbers(page, _TILE_BYTE_COUNTS if page.is_tiled else _STRIP_BYTE_COUNTS) or (1,) * len(offsets)
    present = sum(1 for offset, count in zip(offsets[:wanted], counts, strict=False) if offset and count)
    if present < wanted:
        raise JobFailedError(picture_texts.PARTS_MISSING(present=present, wanted=wanted, kind=kind))


def _numbers(page: tifffile.TiffPage, code: int) -> tuple[int, ...]:
    tag = page.tags.get(code)
    if tag is None:
        return ()
    return tuple(tag.value) if isinstance(tag.value, tuple | list) else (int(tag.value),)


def _through_palette(
    found: NDArray[Any], facts: PictureFacts, page: tifffile.TiffPage
) -> tuple[NDArray[Any], PictureFacts]:
    """Colours of 16 bits, or of 8 if the map holds no more than that.

    TIFF 6.0 requires 0 to 65535; writers expand 8 bits as n * 257 or n * 256, and old ones wrote 0 to 255.
    """
    colours = page.colormap
    if colours is None or facts.samples != 1:
        raise JobFailedError(picture_texts.ODD_PALETTE())
    table: NDArray[Any] = np.asarray(colours, dtype=np.uint16).reshape(3, -1).T
    if int(found.max(initial=0)) >= len(table):
        raise JobFailedError(picture_texts.OUTSIDE_PALETTE())
    if table.max(initial=0) <= _UINT8_MAX and len(table) > 1:
        table = table.astype(np.uint8)
    elif not (table % 257).any():
        table = (table // 257).astype(np.uint8)
    elif not (table % 256).any():
        table = (table // 256).astype(np.uint8)
    bits = 8 * table.itemsize
    return table[found[..., 0]], replace(facts, colour=Colour.RGB, samples=3, bits=bits, white_is_zero=False)


def _by_pillow(path: Path, facts: PictureFacts, number: int | None) -> tuple[NDArray[Any], PictureFacts]:
    """Old-style JPEG in TIFF (TIFF 6.0, section 22)."""
    try:
        with Image.open(path) as image:
            image.seek(number or 0)
            mode = "L" if facts.colour is Colour.GREY else "RGB"
            found = np.asarray(image.convert(mode))
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise JobFailedError(picture_texts.OLD_JPEG(error=error)) from error
    found = found.reshape(*found.shape[:2], -1)
    note = picture_texts.OLD_JPEG_READ()
    return found, replace(
        facts,
        stored=(facts.width, facts.height),
        orientation=1,  # already applied by Pillow
        colour=Colour.GREY if found.shape[2] == 1 else Colour.RGB,
        notes=(*facts.notes, note),
    )
