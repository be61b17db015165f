"""Facts of PNG, JPEG, WebP, GIF and BMP files, read from their headers. Decodes nothing."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures.facts import Alpha, Colour, PictureFacts
from taskmanager_plugin_runner.plugins.pictures.file_formats import exif

_METRES_PER_INCH: Final = 0.0254
_ICC_MAX_BYTES: Final = 16 * 1024 * 1024
_PNG_COLOURS: Final = {
    0: (Colour.GREY, 1),
    2: (Colour.RGB, 3),
    3: (Colour.PALETTE, 1),
    4: (Colour.GREY, 2),
    6: (Colour.RGB, 4),
}
"""Colour and samples by the colour type in IHDR (PNG specification, 11.2.1)."""
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of frame headers (ITU-T T.81, table B.1)."""
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_APP0, _APP1, _APP2 = 0xE0, 0xE1, 0xE2
"""Segments of JFIF, EXIF and the ICC profile."""


def read_png(path: Path) -> list[PictureFacts]:
    """Facts from the chunks of a PNG file except its image data (IDAT)."""
    with path.open("rb") as file:
        file.seek(8)
        chunks = dict(_png_chunks(file))
    header = chunks.get(b"IHDR", b"")
    if len(header) != 13:  # noqa: PLR2004 - bytes of IHDR
        raise JobFailedError(picture_texts.PNG_WITHOUT_HEADER())
    width, height, bits, kind, _, _, interlace = struct.unpack(">IIBBBBB", header)
    if kind not in _PNG_COLOURS or not width or not height:
        raise JobFailedError(picture_texts.PNG_HEADER_DAMAGED())
    colour, samples = _PNG_COLOURS[kind]
    transparent = b"tRNS" in chunks
    return [
        PictureFacts(
            format="png",
            stored=(width, height),
            colour=colour,
            samples=samples,
            bits=bits,
            orientation=exif.orientation(chunks.get(b"eXIf", b"")),
            alpha=Alpha.UNASSOCIATED if transparent or kind in {4, 6} else None,
            compression="interlaced" if interlace else "",
            icc=_png_profile(chunks.get(b"iCCP")),
            dots_per_inch=_png_resolution(chunks.get(b"pHYs")),
            gamma=_png_gamma(chunks),
        )
    ]


def _png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while len(head := file.read(8)) == 8:  # noqa: PLR2004 - length and type
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IDAT" or length > _ICC_MAX_BYTES:
            file.seek(length + 4, 1)
            continue
        contents = file.read(length)
        file.seek(4, 1)
        yield kind, contents
        if kind == b"IEND":
            return


def _png_profile(chunk: bytes | None) -> bytes | None:
    """The profile in iCCP, or an unusable one if it cannot be unpacked, so that this is reported."""
    if chunk is None:
        return None
    _, _, packed = chunk.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(packed[1:], _ICC_MAX_BYTES) or b"unreadable"
    except zlib.error:
        return b"unreadable"


def _png_resolution(chunk: bytes | None) -> tuple[float, float] | None:
    if chunk is None or len(chunk) != 9 or chunk[8] != 1:  # noqa: PLR2004 - bytes of pHYs; 1 is the metre
        return None
    x, y = struct.unpack(">II", chunk[:8])
    return (x * _METRES_PER_INCH, y * _METRES_PER_INCH) if x and y else None


def _png_gamma(chunks: dict[bytes, bytes]) -> float | None:
    """The gamma in gAMA, which counts only without a profile, sRGB or cICP (PNG specification, 12.13)."""
    chunk = chunks.get(b"gAMA", b"")
    if len(chunk) != 4 or chunks.keys() & {b"sRGB", b"iCCP", b"cICP"}:  # noqa: PLR2004 - bytes of gAMA
        return None
    return (struct.unpack(">I", chunk)[0] / 100_000) or None


def read_jpeg(path: Path) -> list[PictureFacts]:
    """Facts from the segments before the first scan."""
    with path.open("rb") as file:
        segments = list(_segments(file))
    frame = next(((kind, body) for kind, body in segments if kind in _FRAMES), None)
    if frame is None or len(frame[1]) < 6:  # noqa: PLR2004 - bytes of a frame header before its components
        raise JobFailedError(picture_texts.JPEG_WITHOUT_FRAME())
    bits, height, width, samples = struct.unpack(">BHHB", frame[1][:6])
    if not width or not height:
        raise JobFailedError(picture_texts.JPEG_WITHOUT_LINES())
    header = next((body for kind, body in segments if kind == _APP0), b"")
    block = next((body for kind, body in segments if kind == _APP1 and body.startswith(b"Exif\0\0")), b"")
    return [
        PictureFacts(
            format="jpeg",
            stored=(width, height),
            colour=_jpeg_colour(samples),
            samples=samples,
            bits=bits,
            orientation=exif.orientation(block),
            subsampled=_is_subsampled(frame[1]),
            compression="lossless" if frame[0] in {0xC3, 0xC7, 0xCB, 0xCF} else "",
            icc=_jpeg_profile(segments),
            dots_per_inch=_jfif_resolution(header) or exif.resolution(block),
        )
    ]


def _is_subsampled(frame: bytes) -> bool:
    """Whether the sampling factors of the components differ (B.2.2)."""
    factors = [frame[at] for at in range(7, len(frame), 3)]
    return any(factor != factors[0] for factor in factors)


def _jpeg_colour(samples: int) -> Colour:
    """JPEG stores RGB and CMYK as YCbCr and YCCK: a decoder returns the former."""
    found = {1: Colour.GREY, 3: Colour.RGB, 4: Colour.CMYK}.get(samples)
    if found is None:
        raise JobFailedError(picture_texts.JPEG_COMPONENTS(number=samples))
    return found


def _segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Markers with their contents, up to the first scan (B.1.1)."""
    file.seek(2)
    while byte := file.read(1):
        if byte != b"\xff":
            return
        while (kind := file.read(1)) == b"\xff":
            continue
        if not kind or kind[0] == 0xDA:  # noqa: PLR2004 - start of scan
            return
        if kind[0] in _ALONE:
            continue
        length = int.from_bytes(file.read(2))
        yield kind[0], file.read(max(0, length - 2))


def _jpeg_profile(segments: list[tuple[int, bytes]]) -> bytes | None:
    """The pieces in APP2, in order (ICC.1, annex B.4)."""
    pieces = [body for kind, body in segments if kind == _APP2 and body.startswith(b"ICC_PROFILE\0")]
    return b"".join(piece[14:] for piece in sorted(pieces, key=lambda piece: piece[12:13])) or None


def _jfif_resolution(body: bytes) -> tuple[float, float] | None:
    if not body.startswith(b"JFIF\0") or len(body) < 12:  # noqa: PLR2004 - up to the densities
        return None
    unit, x, y = struct.unpack(">BHH", body[7:12])
    return exif.dots_per_inch(x, y, unit + 1) if unit else None


def read_webp(path: Path) -> list[PictureFacts]:
    """Facts from the chunks of the RIFF container (RFC 9649)."""
    with path.open("rb") as file:
        file.seek(12)
        chunks = dict(_riff_chunks(file))
    width, height, alpha = _webp_size(chunks)
    return [
        PictureFacts(
            format="webp",
            stored=(width, height),
            colour=Colour.RGB,
            samples=4 if alpha else 3,
            bits=8,
            orientation=exif.orientation(chunks.get(b"EXIF", b"")),
            alpha=Alpha.UNASSOCIATED if alpha else None,
            icc=chunks.get(b"ICCP") or None,
            dots_per_inch=exif.resolution(chunks.get(b"EXIF", b"")),
            pages=1,
            notes=(picture_texts.FIRST_OF_ANIMATION(),) if b"ANMF" in chunks else (),
        )
    ]


def _riff_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while len(head := file.read(8)) == 8:  # noqa: PLR2004 - type and length
        kind, length = struct.unpack("<4sI", head)
        wanted = length if kind in {b"EXIF", b"ICCP"} and length <= _ICC_MAX_BYTES else min(length, 16)
        yield kind, file.read(wanted)
        file.seek(length - wanted + length % 2, 1)


def _webp_size(chunks: dict[bytes, bytes]) -> tuple[int, int, bool]:
    if len(body := chunks.get(b"VP8X", b"")) >= 10:  # noqa: PLR2004 - flags and canvas
        size = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
        return *size, bool(body[0] & 0x10)  # type: ignore[return-value]  # two numbers
    if len(body := chunks.get(b"VP8L", b"")) >= 5:  # noqa: PLR2004 - signature and sizes
        packed = int.from_bytes(body[1:5], "little")
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, bool(packed >> 28 & 1)
    if len(body := chunks.get(b"VP8 ", b"")) >= 10:  # noqa: PLR2004 - frame tag and sizes
        return (
            int.from_bytes(body[6:8], "little") & 0x3FFF,
            int.from_bytes(body[8:10], "little") & 0x3FFF,
            False,
        )
    raise JobFailedError(picture_texts.WEBP_WITHOUT_PICTURE())


def read_gif(path: Path) -> list[PictureFacts]:
    """Facts from the logical screen; colours come from a palette."""
    with path.open("rb") as file:
        head = file.read(13)
    if len(head) < 13:  # noqa: PLR2004 - bytes before the palette
        raise JobFailedError(picture_texts.GIF_CUT())
    width, height = struct.unpack("<HH", head[6:10])
    if not width or not height:
        raise JobFailedError(picture_texts.GIF_WITHOUT_SIZE())
    return [
        PictureFacts(
            format="gif",
            stored=(width, height),
            colour=Colour.PALETTE,
            samples=1,
            bits=8,
            alpha=Alpha.UNASSOCIATED,
        )
    ]


def read_bmp(path: Path) -> list[PictureFacts]:
    """Facts from the headers; a negative height means that the rows run top-down."""
    with path.open("rb") as file:
        head = file.read(54)
    if len(head) < 26:  # noqa: PLR2004 - the shortest headers
        raise JobFailedError(picture_texts.BMP_CUT())
    size = int.from_bytes(head[14:18], "little")
    if size == 12:  # noqa: PLR2004 - OS/2
        width, height = struct.unpack("<HH", head[18:22])
        depth, x, y = int.from_bytes(head[24:26], "little"), 0, 0
    elif len(head) == 54:  # noqa: PLR2004 - up to the resolution
        width, height, _, depth = struct.unpack("<iiHH", head[18:30])
        x, y = struct.unpack("<ii", head[38:46])
    else:
        raise JobFailedError(picture_texts.BMP_CUT())
    if width <= 0 or not height:
        raise JobFailedError(picture_texts.BMP_WITHOUT_SIZE())
    palette = depth <= 8  # noqa: PLR2004 - deeper ones have colours of their own
    return [
        PictureFacts(
            format="bmp",
            stored=(width, abs(height)),
            colour=Colour.PALETTE if palette else Colour.RGB,
            samples=1 if palette else 3,
            bits=8,
            dots_per_inch=(x * _METRES_PER_INCH, y * _METRES_PER_INCH) if x > 0 and y > 0 else None,
        )
    ]
