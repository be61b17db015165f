"""Reads the boxes around a JPEG 2000 codestream, and adds what a tool left out (ISO/IEC 15444-1, annex I).

Knows no tool and no job.
"""

import os
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Final

from taskmanager.errors import JobFailedError

HEADER_BOX: Final = b"jp2h"
CODESTREAM_BOX: Final = b"jp2c"
_COLOUR_BOX: Final = b"colr"
_RESOLUTION_BOX: Final = b"res "
_RESTRICTED_ICC: Final = 2
_METRES_PER_INCH: Final = Fraction(254, 10000)
_UINT16_MAX: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, where it starts, where its contents start, and where it ends."""

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
            raise JobFailedError(f"the box at byte {start} is cut short")
        length, kind = struct.unpack(">I4s", head[:8])
        contents = start + 8
        if length == 1 and len(head) == 16:  # noqa: PLR2004 - a long box: the length follows in eight bytes
            length, contents = struct.unpack(">Q", head[8:])[0], start + 16
        elif length == 0:
            length = end - start
        if start + length > end or contents > start + length:
            raise JobFailedError(
                f"the box {kind!r} at byte {start} claims {length} bytes; {end - start} are left"
            )
        yield Box(kind, start, contents, start + length)
        start += length


def add_labels(path: Path, icc_profile: bytes | None, dots_per_inch: tuple[float, float] | None) -> None:
    """Write colour profile and capture resolution into the header of a JP2; the image itself stays as it is.

    opj_compress writes neither. Raises JobFailedError if the file has no header box.
    """
    if icc_profile is None and dots_per_inch is None:
        return
    labelled = path.with_name(f"{path.name}.labelled")
    with path.open("rb") as old, labelled.open("wb") as new:
        boxes = read_boxes(old, 0, os.fstat(old.fileno()).st_size)
        header = next((box for box in boxes if box.type == HEADER_BOX), None)
        if header is None:
            raise JobFailedError("the JP2 file has no header box")
        contents = b"".join(_header_contents(old, header, icc_profile, dots_per_inch))
        old.seek(0)
        new.write(old.read(header.start) + box(HEADER_BOX, contents))
        old.seek(header.end)
        shutil.copyfileobj(old, new, 1 << 20)
    labelled.replace(path)


def _header_contents(
    file: BinaryIO, header: Box, icc_profile: bytes | None, dots_per_inch: tuple[float, float] | None
) -> Iterator[bytes]:
    for inner in list(read_boxes(file, header.contents, header.end)):
        if inner.type == _COLOUR_BOX and icc_profile is not None:
            yield box(_COLOUR_BOX, bytes([_RESTRICTED_ICC, 0, 0]) + icc_profile)
        elif inner.type != _RESOLUTION_BOX or dots_per_inch is None:
            file.seek(inner.start)
            yield file.read(inner.end - inner.start)
    if dots_per_inch is not None:
        yield box(_RESOLUTION_BOX, box(b"resc", resolution(*dots_per_inch)))


def box(kind: bytes, contents: bytes) -> bytes:
    """A box with its length in four bytes."""
    return struct.pack(">I4s", 8 + len(contents), kind) + contents


def resolution(horizontal: float, vertical: float) -> bytes:
    """Contents of a capture resolution box from dots per inch: vertical, then horizontal (I.5.3.7.1)."""
    (vn, vd, ve), (hn, hd, he) = _per_metre(vertical), _per_metre(horizontal)
    return struct.pack(">HHHHbb", vn, vd, hn, hd, ve, he)


def _per_metre(dots_per_inch: float) -> tuple[int, int, int]:
    """Numerator, denominator and power of ten of dots per metre, as exact as 16 bits allow."""
    exact = Fraction(dots_per_inch).limit_denominator(1000) / _METRES_PER_INCH
    for exponent in range(128):
        part = (exact / 10**exponent).limit_denominator(_UINT16_MAX)
        if 0 < part.numerator <= _UINT16_MAX:
            return part.numerator, part.denominator, exponent
    raise JobFailedError(f"a resolution of {dots_per_inch} dots per inch cannot be written")


def fitting_profile(icc_profile: bytes | None, *, grey: bool) -> bytes | None:
    """The profile if a JP2 file may hold it (restricted method, I.5.3.3 and annex J.8), else None.

    Allowed are input and display profiles of the three-component matrix kind, or of the monochrome kind.
    """
    if icc_profile is None or len(icc_profile) < 132:  # noqa: PLR2004 - header and tag count, ICC.1
        return None
    kind, space = icc_profile[12:16], icc_profile[16:20]
    count = struct.unpack(">I", icc_profile[128:132])[0]
    tags = {icc_profile[at : at + 4] for at in range(132, min(132 + 12 * count, len(icc_profile)), 12)}
    needed = {b"kTRC"} if grey else {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"}
    right = space == (b"GRAY" if grey else b"RGB ") and kind in {b"scnr", b"mntr"}
    return icc_profile if right and needed <= tags and b"A2B0" not in tags else None
