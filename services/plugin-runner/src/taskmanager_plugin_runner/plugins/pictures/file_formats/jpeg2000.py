"""Facts of a JPEG 2000 file, and the file around a codestream (ISO/IEC 15444-1, annexes A and I).

Files of Part 1 (.jp2, and .jpx if they contain one), of Part 15 (.jph), and bare codestreams (.j2k, .j2c).
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures.facts import Alpha, Colour, PictureFacts, SampleFormat
from taskmanager_plugin_runner.plugins.pictures.file_formats.boxes import (
    CODESTREAM_BOX,
    HEADER_BOX,
    Box,
    box,
    read_boxes,
    resolution,
)
from taskmanager_plugin_runner.plugins.pictures.file_formats.codestream import Size, check_codestream

SIGNATURE: Final = b"\0\0\0\x0cjP  \r\n\x87\n"
JP2, JPH = b"jp2 ", b"jph "
PALETTE, HIGH_THROUGHPUT = "palette", "high throughput"
"""Stored in `compression`: what is special about the file."""
_ENUMERATED: Final = {12: Colour.CMYK, 14: Colour.LAB, 16: Colour.RGB, 17: Colour.GREY, 18: Colour.YCBCR}
"""Colour spaces by number (I.5.3.3; 12 and 14 from Part 2, M.11.7.3)."""
_ICC_COLOURS: Final = {b"GRAY": Colour.GREY, b"RGB ": Colour.RGB, b"CMYK": Colour.CMYK, b"Lab ": Colour.LAB}
_ALPHA_TYPES: Final = {1: Alpha.UNASSOCIATED, 2: Alpha.ASSOCIATED}
"""By channel type (I.5.3.6): opacity, and premultiplied opacity."""
_UNSPECIFIED_CHANNEL: Final = 0xFFFF
_INCHES_PER_METRE: Final = 0.0254
_HEADERS_MAX_BYTES: Final = 32 * 1024 * 1024


@dataclass
class _Header:
    """The contents of the boxes around a codestream."""

    size: tuple[int, int, int] | None = None
    colour: Colour | None = None
    icc: bytes | None = None
    dots_per_inch: tuple[float, float] | None = None
    palette_columns: int = 0
    channels: dict[int, int] = field(default_factory=dict)


def read_jp2(path: Path) -> list[PictureFacts]:
    """Facts of a file with boxes; raises JobFailedError if it is truncated or contradicts itself."""
    with path.open("rb") as file:
        boxes: dict[bytes, Box] = {}
        for found in read_boxes(file, 0, os.fstat(file.fileno()).st_size):
            boxes.setdefault(found.type, found)
        if CODESTREAM_BOX not in boxes:
            raise JobFailedError(picture_texts.NO_CODESTREAM())
        size = check_codestream(file, boxes[CODESTREAM_BOX])
        header = boxes.get(HEADER_BOX)
        return [_facts("jp2", size, _read_header(file, header) if header else _Header())]


def read_j2k(path: Path) -> list[PictureFacts]:
    """Facts of a bare codestream."""
    with path.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        return [_facts("j2k", check_codestream(file, Box(CODESTREAM_BOX, 0, 0, end)), _Header())]


def codestream(path: Path) -> bytes:
    """The codestream of a file without the boxes around it; all of a bare codestream."""
    with path.open("rb") as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            file.seek(0)
            return file.read()
        for found in read_boxes(file, 0, os.fstat(file.fileno()).st_size):
            if found.type == CODESTREAM_BOX:
                file.seek(found.contents)
                return file.read(found.end - found.contents)
    raise JobFailedError(picture_texts.NO_CODESTREAM())


def _facts(name: str, size: Size, header: _Header) -> PictureFacts:
    if header.size not in {None, (size.width, size.height, size.components)}:
        raise JobFailedError(picture_texts.HEADER_AND_STREAM_DIFFER())
    channels = header.palette_columns or size.components
    alphas = [_ALPHA_TYPES[kind] for kind in header.channels.values() if kind in _ALPHA_TYPES]
    unspecified = sum(kind == _UNSPECIFIED_CHANNEL for kind in header.channels.values())
    colours = channels - len(alphas) - unspecified
    if alphas and header.channels.get(colours) not in _ALPHA_TYPES:
        raise JobFailedError(picture_texts.CHANNEL_ORDER())
    colour = header.colour or {1: Colour.GREY, 2: Colour.GREY}.get(colours, Colour.RGB)
    if header.icc is not None and colours == 1:
        colour = Colour.GREY  # whatever its profile is for
    expected = {Colour.GREY: 1, Colour.CMYK: 4}.get(colour, 3)
    if colours < expected:
        raise JobFailedError(picture_texts.JP2_COLOURS(colour=colour.words, number=colours))
    return PictureFacts(
        format=name,
        stored=(size.width, size.height),
        colour=colour,
        samples=channels,
        bits=size.bits,
        sample_format=SampleFormat.SIGNED if size.signed else SampleFormat.UNSIGNED,
        alpha=alphas[0] if alphas else None,
        unspecified=channels - expected - (1 if alphas else 0),
        icc=header.icc,
        dots_per_inch=header.dots_per_inch,
        compression=PALETTE if header.palette_columns else HIGH_THROUGHPUT if size.high_throughput else "",
    )


def _read_header(file: BinaryIO, header: Box) -> _Header:
    found = _Header()
    if header.end - header.start > _HEADERS_MAX_BYTES:
        raise JobFailedError(picture_texts.JP2_HEADER_TOO_LONG())
    for inner in read_boxes(file, header.contents, header.end):
        file.seek(inner.contents)
        contents = file.read(inner.end - inner.contents)
        try:
            _take(found, inner.type, contents)
        except (struct.error, IndexError) as error:
            raise JobFailedError(picture_texts.JP2_BOX_DAMAGED(box=repr(inner.type))) from error
    return found


def _take(found: _Header, kind: bytes, contents: bytes) -> None:
    if kind == b"ihdr":
        height, width, components = struct.unpack(">IIH", contents[:10])
        found.size = (width, height, components)
    elif kind == b"colr" and found.colour is None:
        if contents[0] == 1:
            found.colour = _ENUMERATED.get(struct.unpack(">I", contents[3:7])[0])
        else:
            found.icc = contents[3:]
            found.colour = _ICC_COLOURS.get(found.icc[16:20])
    elif kind == b"pclr":
        found.palette_columns = contents[2]
    elif kind == b"cdef":
        count = struct.unpack(">H", contents[:2])[0]
        for at in range(2, 2 + 6 * count, 6):
            channel, meaning, _ = struct.unpack(">HHH", contents[at : at + 6])
            found.channels[channel] = meaning
    elif kind == b"res ":
        found.dots_per_inch = _resolution(contents)


def _resolution(contents: bytes) -> tuple[float, float] | None:
    """From the first inner box, capture or display: dots per metre, vertical first (I.5.3.7)."""
    vn, vd, hn, hd, ve, he = struct.unpack(">HHHHbb", contents[8:18])
    if not vd or not hd or not vn or not hn:
        return None
    return hn / hd * 10.0**he * _INCHES_PER_METRE, vn / vd * 10.0**ve * _INCHES_PER_METRE


def write_file(
    path: Path,
    codestream: Path,
    facts: PictureFacts,
    brand: bytes = JP2,
) -> None:
    """Put a codestream into a file with a header made from `facts`.

    `facts.icc` must be of a kind the file may hold (`fitting_profile`). Raises JobFailedError if the
    codestream is not complete.
    """
    with codestream.open("rb") as stream:
        length = os.fstat(stream.fileno()).st_size
        size = check_codestream(stream, Box(CODESTREAM_BOX, 0, 0, length))
        stream.seek(0)
        with path.open("wb") as file:
            file.write(box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", brand + bytes(4) + brand))
            file.write(box(HEADER_BOX, b"".join(_header(size, facts))))
            file.write(_long_head(CODESTREAM_BOX, length))
            while piece := stream.read(1 << 20):
                file.write(piece)


def _long_head(kind: bytes, length: int) -> bytes:
    short = length + 8
    return struct.pack(">I4s", short, kind) if short < 1 << 32 else struct.pack(">I4sQ", 1, kind, length + 16)


def _header(size: Size, facts: PictureFacts) -> Iterator[bytes]:
    depth = size.bits - 1 | (0x80 if size.signed else 0)
    yield box(b"ihdr", struct.pack(">IIHBBBB", size.height, size.width, size.components, depth, 7, 0, 0))
    if facts.icc is not None:
        yield box(b"colr", bytes([2, 0, 0]) + facts.icc)
    else:
        yield box(b"colr", bytes([1, 0, 0]) + struct.pack(">I", 17 if facts.grey else 16))
    if facts.alpha is not None:
        kind = 1 if facts.alpha is Alpha.UNASSOCIATED else 2
        colours = [struct.pack(">HHH", channel, 0, channel + 1) for channel in range(size.components - 1)]
        alpha = struct.pack(">HHH", size.components - 1, kind, 0)
        yield box(b"cdef", struct.pack(">H", size.components) + b"".join(colours) + alpha)
    if facts.dots_per_inch is not None:
        yield box(b"res ", box(b"resc", resolution(*facts.dots_per_inch)))
