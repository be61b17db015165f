"""Reads the two facts of an EXIF block that matter for a picture: its orientation and its resolution."""

import struct
from typing import Final

_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 274, 282, 283, 296
_SHORT, _LONG, _RATIONAL = 3, 4, 5
_CENTIMETRES_PER_INCH: Final = 2.54
_ENTRIES_MAX: Final = 512


def orientation(block: bytes) -> int:
    """1 to 8; also 1 if the block does not say or cannot be read (EXIF 2.32, 4.6.4)."""
    value = _directory(block).get(_ORIENTATION, 1)
    return int(value) if 1 <= value <= 8 else 1  # noqa: PLR2004 - the standard's range


def resolution(block: bytes) -> tuple[float, float] | None:
    """Dots per inch, or None."""
    tags = _directory(block)
    return dots_per_inch(tags.get(_X_RESOLUTION), tags.get(_Y_RESOLUTION), int(tags.get(_RESOLUTION_UNIT, 2)))


def dots_per_inch(x: float | None, y: float | None, unit: int) -> tuple[float, float] | None:
    """From the values of the tags XResolution, YResolution and ResolutionUnit; None if it is not absolute."""
    if not x or not y or x <= 0 or y <= 0 or unit not in {2, 3}:
        return None
    factor = _CENTIMETRES_PER_INCH if unit == 3 else 1.0  # noqa: PLR2004 - the tag's number for centimetres
    return x * factor, y * factor


def _directory(block: bytes) -> dict[int, float]:
    """The numeric values of the first directory by tag; empty if the block is not EXIF."""
    block = block.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return {}
    try:
        start = struct.unpack(f"{order}I", block[4:8])[0]
        count = struct.unpack(f"{order}H", block[start : start + 2])[0]
        entries = (
            block[at : at + 12] for at in range(start + 2, start + 2 + 12 * min(count, _ENTRIES_MAX), 12)
        )
        return {tag: value for entry in entries for tag, value in _value(block, order, entry)}
    except struct.error:
        return {}


def _value(block: bytes, order: str, entry: bytes) -> list[tuple[int, float]]:
    tag, kind, count = struct.unpack(f"{order}HHI", entry[:8])
    if count != 1:
        return []
    if kind == _SHORT:
        return [(tag, float(struct.unpack(f"{order}H", entry[8:10])[0]))]
    if kind == _LONG:
        return [(tag, float(struct.unpack(f"{order}I", entry[8:12])[0]))]
    if kind == _RATIONAL:
        at = struct.unpack(f"{order}I", entry[8:12])[0]
        numerator, denominator = struct.unpack(f"{order}II", block[at : at + 8])
        return [(tag, numerator / denominator)] if denominator else []
    return []
