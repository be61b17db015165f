"""Looks through a JPEG 2000 file from end to end without decoding it (ISO/IEC 15444-1, annex A).

Finds cut files and missing tiles in a few reads: the headers give the length of every tile-part. Knows no
tool.
"""

import os
import struct
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import BinaryIO, Final

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.jp2.boxes import CODESTREAM_BOX, HEADER_BOX, Box, read_boxes

_SIGNATURE: Final = b"\0\0\0\x0cjP  \r\n\x87\n"
_SOC, _SIZ, _SOT, _EOC = 0xFF4F, 0xFF51, 0xFF90, 0xFFD9
_IMAGE_HEADER: Final = b"ihdr"


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels and components of the image, and how many tiles it is cut into."""

    width: int
    height: int
    components: int
    tiles: int


def check_jp2(path: Path) -> Size:
    """The size of a complete JP2 file; raises JobFailedError saying what is missing or contradicts."""
    with path.open("rb") as file:
        if file.read(len(_SIGNATURE)) != _SIGNATURE:
            raise JobFailedError("the result does not begin as a JP2 file does")
        boxes = {box.type: box for box in read_boxes(file, 0, os.fstat(file.fileno()).st_size)}
        for kind in (HEADER_BOX, CODESTREAM_BOX):
            if kind not in boxes:
                raise JobFailedError(f"the JP2 file has no box {kind.decode()!r}")
        size = _walk(file, boxes[CODESTREAM_BOX])
        _compare(file, boxes[HEADER_BOX], size)
    return size


def _walk(file: BinaryIO, codestream: Box) -> Size:
    """From SOC over every tile-part to EOC, which must be the last thing in the box."""
    if _number(file, codestream.contents) != _SOC:
        raise JobFailedError("the codestream does not begin with SOC")
    size, position = _main_header(file, codestream)
    tiles = set()
    while _number(file, position) == _SOT:
        index, length = struct.unpack(">HI", _bytes(file, position + 4, 6))
        tiles.add(index)
        position = position + length if length else codestream.end - 2
        if position > codestream.end - 2:
            raise JobFailedError(f"tile {index} claims more data than the file has: it is cut short")
    if position != codestream.end - 2 or _number(file, position) != _EOC:
        raise JobFailedError("the codestream does not end with EOC: it is cut short")
    if tiles != set(range(size.tiles)):
        raise JobFailedError(f"the codestream has {len(tiles)} of {size.tiles} tiles")
    return size


def _main_header(file: BinaryIO, codestream: Box) -> tuple[Size, int]:
    """The size, and the position of the first tile-part."""
    size, position = None, codestream.contents + 2
    while (marker := _number(file, position)) != _SOT:
        if marker == _SIZ:
            size = _size(_bytes(file, position + 4, 36))
        position += 2 + _number(file, position + 2)
        if position > codestream.end:
            break
    if size is None or marker != _SOT:
        raise JobFailedError("the main header of the codestream is not complete")
    return size, position


def _size(siz: bytes) -> Size:
    """From the contents of the SIZ marker (A.5.1)."""
    x1, y1, x0, y0, tile_x, tile_y, tile_x0, tile_y0, components = struct.unpack(">8IH", siz[2:])
    if not tile_x or not tile_y:
        raise JobFailedError("the codestream gives no size of its tiles")
    tiles = ceil((x1 - tile_x0) / tile_x) * ceil((y1 - tile_y0) / tile_y)
    return Size(x1 - x0, y1 - y0, components, tiles)


def _compare(file: BinaryIO, header: Box, size: Size) -> None:
    """The header box must speak of the same image as the codestream."""
    for box in read_boxes(file, header.contents, header.end):
        if box.type == _IMAGE_HEADER:
            height, width, components = struct.unpack(">IIH", _bytes(file, box.contents, 10))
            if (width, height, components) == (size.width, size.height, size.components):
                return
    raise JobFailedError("header and codestream of the JP2 file differ in size or components")


def _number(file: BinaryIO, position: int) -> int:
    return int.from_bytes(_bytes(file, position, 2))


def _bytes(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    data = file.read(count)
    if len(data) < count:
        raise JobFailedError(f"the file ends at byte {position + len(data)}: it is cut short")
    return data
