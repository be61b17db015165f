"""Checks a JPEG 2000 file from end to end without decoding it (ISO/IEC 15444-1, annex A).

Finds truncated files and missing tiles in a few reads: the headers give the length of every tile-part. Knows
no tool.
"""

import struct
from dataclasses import dataclass, replace
from math import ceil
from typing import BinaryIO, Final

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures.file_formats.boxes import Box

_SOC, _CAP, _SIZ, _SOT, _EOC = 0xFF4F, 0xFF50, 0xFF51, 0xFF90, 0xFFD9
_PADDING_MAX_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels and components of the picture, its number of tiles, and bits per sample.

    `high_throughput`: coded according to Part 15.
    """

    width: int
    height: int
    components: int
    tiles: int
    bits: int
    signed: bool
    high_throughput: bool = False


def check_codestream(file: BinaryIO, codestream: Box) -> Size:
    """Follow the codestream from SOC over every tile-part to EOC; raises JobFailedError for what is missing.

    Zero bytes after EOC do no harm (some writers pad their files).
    """
    if _number(file, codestream.contents) != _SOC:
        raise JobFailedError(picture_texts.STREAM_WITHOUT_SOC())
    end = _end(file, codestream)
    size, position = _main_header(file, codestream)
    tiles = set()
    while _number(file, position) == _SOT:
        index, length = struct.unpack(">HI", _bytes(file, position + 4, 6))
        tiles.add(index)
        position = position + length if length else end - 2
        if position > end - 2:
            raise JobFailedError(picture_texts.TILE_CUT(tile=index))
    if position != end - 2 or _number(file, position) != _EOC:
        raise JobFailedError(picture_texts.STREAM_WITHOUT_EOC())
    if tiles != set(range(size.tiles)):
        raise JobFailedError(picture_texts.TILES_MISSING(found=len(tiles), wanted=size.tiles))
    return size


def _end(file: BinaryIO, codestream: Box) -> int:
    """Where the codestream ends, without its padding."""
    length = min(_PADDING_MAX_BYTES, codestream.end - codestream.contents)
    tail = _bytes(file, codestream.end - length, length)
    return codestream.end - (length - len(tail.rstrip(b"\0")))


def _main_header(file: BinaryIO, codestream: Box) -> tuple[Size, int]:
    """The size, and the position of the first tile-part."""
    size, position, high_throughput = None, codestream.contents + 2, False
    while (marker := _number(file, position)) != _SOT:
        if marker == _SIZ:
            size = _size(file, position + 4)
        high_throughput |= marker == _CAP
        position += 2 + _number(file, position + 2)
        if position > codestream.end:
            break
    if size is None or marker != _SOT:
        raise JobFailedError(picture_texts.MAIN_HEADER_CUT())
    return replace(size, high_throughput=high_throughput), position


def _size(file: BinaryIO, position: int) -> Size:
    """The size from the contents of the SIZ marker segment (A.5.1)."""
    siz = _bytes(file, position, 36)
    x1, y1, x0, y0, tile_x, tile_y, tile_x0, tile_y0, components = struct.unpack(">8IH", siz[2:])
    if not tile_x or not tile_y or x1 <= x0 or y1 <= y0 or not components:
        raise JobFailedError(picture_texts.STREAM_WITHOUT_SIZE())
    tiles = ceil((x1 - tile_x0) / tile_x) * ceil((y1 - tile_y0) / tile_y)
    each = [_bytes(file, position + 36 + 3 * number, 3) for number in range(components)]
    if len(set(each)) != 1:
        raise JobFailedError(picture_texts.COMPONENTS_DIFFER())
    if each[0][1:] != b"\1\1":
        raise JobFailedError(picture_texts.ALL_SUBSAMPLED())
    bits, signed = (each[0][0] & 0x7F) + 1, bool(each[0][0] & 0x80)
    return Size(x1 - x0, y1 - y0, components, tiles, bits, signed)


def _number(file: BinaryIO, position: int) -> int:
    return int.from_bytes(_bytes(file, position, 2))


def _bytes(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    data = file.read(count)
    if len(data) < count:
        raise JobFailedError(picture_texts.FILE_ENDS(position=position + len(data)))
    return data
