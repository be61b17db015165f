"""The main header of a codestream: its size, and a copy that makes OpenJPEG count (ISO/IEC 15444-1, annex A).

A decoder cannot notice changed bits: the arithmetic coder makes some picture of any data. But it then comes
to its end before the data do, or after. OpenJPEG compares the two where the codestream promises predictable
termination; the promise changes nothing else in decoding, so it is added to a copy of every codestream.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_SOC, _SIZ, _COD, _COC, _SOT = 0xFF4F, 0xFF51, 0xFF52, 0xFF53, 0xFF90
_PREDICTABLE, _HIGH_THROUGHPUT = 0x10, 0x40
_MANY_COMPONENTS: Final = 257
"""From so many on, COC names its component in two bytes."""


@dataclass(frozen=True, slots=True)
class StreamSize:
    """Pixels and components of a codestream; `subsampled` if a component has fewer pixels."""

    width: int
    height: int
    components: int
    subsampled: bool

    @property
    def samples(self) -> int:
        """At most."""
        return self.width * self.height * self.components


def size_of(stream: bytes) -> StreamSize | None:
    """The size that the codestream announces; None if there is no header that says."""
    for marker, at in _segments(stream):
        if marker == _SIZ and at + 40 <= len(stream):
            x1, y1, x0, y0 = struct.unpack_from(">4I", stream, at + 6)
            (components,) = struct.unpack_from(">H", stream, at + 38)
            steps = stream[at + 40 : at + 40 + 3 * components]
            subsampled = any(step != 1 for step in steps[1::3] + steps[2::3])
            return StreamSize(max(0, x1 - x0), max(0, y1 - y0), components, subsampled)
    return None


def counting(stream: bytes) -> bytes:
    """A copy whose code-blocks are said to end predictably; high throughput, which has none, is left."""
    size, made = size_of(stream), bytearray(stream)
    for marker, at in _segments(stream):
        style = _style_position(marker, at, size.components if size else 0)
        if style is not None and style < len(made) and not made[style] & _HIGH_THROUGHPUT:
            made[style] |= _PREDICTABLE
    return bytes(made)


def _style_position(marker: int, at: int, components: int) -> int | None:
    """Where the style of code-blocks is written (A.6.1 and A.6.2)."""
    if marker == _COD:
        return at + 12
    if marker == _COC:
        return at + 9 + (components >= _MANY_COMPONENTS)
    return None


def _segments(stream: bytes) -> Iterator[tuple[int, int]]:
    """The marker segments of the main header and where each begins."""
    at = 2
    while at + 4 <= len(stream):
        marker, length = struct.unpack_from(">HH", stream, at)
        if marker == _SOT or marker < _SOC or length < 2:  # noqa: PLR2004 - it counts itself
            return
        yield marker, at
        at += 2 + length
