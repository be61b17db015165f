"""Decodes every strip or tile of one image, and how much memory that takes. Runs in a child process."""

from pathlib import Path
from typing import Final

import pyvips
import tifffile

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures.file_formats import tiff, tiff_samples
from taskmanager_plugin_runner.plugins.pictures.memory import BASE_BYTES
from taskmanager_plugin_runner.plugins.tiffvalidation import texts
from taskmanager_plugin_runner.plugins.tiffvalidation.structure import Directory, StructureReader

_WIDTH, _LENGTH, _BITS, _PHOTOMETRIC, _SAMPLES = 256, 257, 258, 262, 277
_IN_FLOATS: Final = frozenset({6, 8, 9})
"""YCbCr and Lab are decoded to floating point."""
_FLOAT_BYTES: Final = 16
_SIGNATURES: Final = frozenset({b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"})
_COPIES: Final = 3
"""Of the samples at the peak: as decoded, turned or inverted, and what the codec holds."""


def decode(path: Path, page: tifffile.TiffPage, number: int | None) -> list[str]:
    """Decode all of a page and return what is odd about it; raises JobFailedError if anything is missing.

    `number` is its place in the main chain, or None. The reader is that of the other picture plugins. What it
    does not understand is decoded as it is stored.
    """
    try:
        facts = tiff.facts_of(page, 1)
    except JobFailedError as error:
        _decode_as_stored(path, page, number)
        return [texts.NOT_UNDERSTOOD(detail=told(error))]
    _, facts = tiff_samples.read_page(path, facts, page, number)
    return list(facts.notes)


def _decode_as_stored(path: Path, page: tifffile.TiffPage, number: int | None) -> None:
    """By tifffile, or by libtiff where that has a codec which tifffile lacks (LogLuv)."""
    tiff_samples.require_all_segments(page)
    try:
        if number is None or page.compression in tifffile.TIFF.DECOMPRESSORS:
            page.asarray(squeeze=False, maxworkers=1)
        else:
            pyvips.Image.tiffload(str(path), page=number, access="sequential", fail_on="warning").avg()
    except MemoryError:
        raise
    except Exception as error:
        # codecs raise their own errors, which have only Exception in common
        raise JobFailedError(picture_texts.DAMAGED(detail=error or type(error).__name__)) from error


def memory_of(path: Path) -> tuple[int, str]:
    """Bytes at the peak of decoding the largest image of a file, as its tags have it, and its size in words.

    Nothing is decoded, and what cannot be read counts as nothing: the examination will say so.
    """
    with path.open("rb") as file:
        if file.read(4) not in _SIGNATURES:
            return 0, ""
        file.seek(0)
        reader = StructureReader(file)
        images = [_needed(reader, one) for one in reader.read().images]
    return max(images, default=(0, ""))


def _needed(reader: StructureReader, directory: Directory) -> tuple[int, str]:
    width, length, samples = (_first(reader, directory, tag, 1) for tag in (_WIDTH, _LENGTH, _SAMPLES))
    bits, photometric = _first(reader, directory, _BITS, 1), _first(reader, directory, _PHOTOMETRIC, 1)
    stored = max(1, -(-bits // 8)) * _COPIES + (_FLOAT_BYTES if photometric in _IN_FLOATS or bits > 16 else 0)  # noqa: PLR2004 - more than a short
    return BASE_BYTES + width * length * samples * stored, f"{width:,} x {length:,}"


def _first(reader: StructureReader, directory: Directory, tag: int, default: int) -> int:
    entry = directory.entries.get(tag)
    return next(iter(reader.integers(entry)), default) if entry else default
