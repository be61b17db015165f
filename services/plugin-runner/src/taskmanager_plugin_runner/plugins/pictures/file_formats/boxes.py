"""Reads and writes the boxes of JPEG 2000 files (ISO/IEC 15444-1, annex I). Knows no tool and no job."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO, Final

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import picture_texts

HEADER_BOX: Final = b"jp2h"
CODESTREAM_BOX: Final = b"jp2c"
_METRES_PER_INCH: Final = Fraction(254, 10000)
_UINT16_MAX: Final = 0xFFFF
_ICC_HEADER_BYTES: Final = 132
"""Header and tag count (ICC.1, 7.2)."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, and where it starts, where its contents start and where it ends."""

    type: bytes
    start: int
    contents: int
    end: int


def read_boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes between two positions; raises JobFailedError if a length does not fit."""
    while start < end:
        file.seek(start)
        head = file.read(16)
        if len(head) < 8:  # noqa: PLR2004 - length and type
            raise JobFailedError(picture_texts.BOX_CUT(position=start))
        length, kind = struct.unpack(">I4s", head[:8])
        contents = start + 8
        if length == 1 and len(head) == 16:  # noqa: PLR2004 - a long box: the length follows in eight bytes
            length, contents = struct.unpack(">Q", head[8:])[0], start + 16
        elif length == 0:
            length = end - start
        if start + length > end or contents > start + length:
            raise JobFailedError(
                picture_texts.BOX_TOO_LONG(box=repr(kind), position=start, length=length, left=end - start)
            )
        yield Box(kind, start, contents, start + length)
        start += length


def box(kind: bytes, contents: bytes) -> bytes:
    """A box with its length in four bytes."""
    return struct.pack(">I4s", 8 + len(contents), kind) + contents


def resolution(horizontal: float, vertical: float) -> bytes:
    """Contents of a capture resolution box, from dots per inch: vertical, then horizontal (I.5.3.7.1)."""
    (vn, vd, ve), (hn, hd, he) = _per_metre(vertical), _per_metre(horizontal)
    return struct.pack(">HHHHbb", vn, vd, hn, hd, ve, he)


def _per_metre(dots_per_inch: float) -> tuple[int, int, int]:
    """Numerator, denominator and power of ten of dots per metre, as precise as 16 bits allow."""
    exact = Fraction(dots_per_inch).limit_denominator(1000) / _METRES_PER_INCH
    for exponent in range(128):
        part = (exact / 10**exponent).limit_denominator(_UINT16_MAX)
        if 0 < part.numerator <= _UINT16_MAX:
            return part.numerator, part.denominator, exponent
    raise JobFailedError(picture_texts.RESOLUTION_NOT_WRITABLE(resolution=dots_per_inch))


def fitting_profile(icc_profile: bytes | None, *, grey: bool) -> bytes | None:
    """The profile if a JP2 file may hold it (restricted method, I.5.3.3 and annex J.8), otherwise None.

    Allowed are input and display profiles of the three-component matrix-based or the monochrome type.
    """
    if icc_profile is None or len(icc_profile) < _ICC_HEADER_BYTES:
        return None
    kind, space = icc_profile[12:16], icc_profile[16:20]
    count = struct.unpack(">I", icc_profile[128:132])[0]
    tags = {icc_profile[at : at + 4] for at in range(132, min(132 + 12 * count, len(icc_profile)), 12)}
    needed = {b"kTRC"} if grey else {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"}
    right = space == (b"GRAY" if grey else b"RGB ") and kind in {b"scnr", b"mntr"}
    return icc_profile if right and needed <= tags and b"A2B0" not in tags else None
