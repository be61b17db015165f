"""GIF and WebP by Pillow, BMP by hand, and files that are no images at all."""

import io
import struct
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from PIL import Image
from tests.images import icc
from tests.images.codecs import pack_bits
from tests.images.corpus.make import as_bytes, changed, grey, large, paletted, rgb, with_extra
from tests.images.corpus.png import exif
from tests.images.pictures import palette
from tests.images.truth import Case, Colour, Extra, Shape, Truth

_PER_METRE: Final = 11811
_RLE8, _BITFIELDS = 1, 3


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _gif()
    yield from _webp()
    yield from _bmp()
    yield from _no_images()


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _with_palette(truth: Truth) -> Image.Image:
    assert truth.palette is not None
    height, width = truth.samples.shape[:2]
    image = Image.frombytes("P", (width, height), as_bytes(truth.samples))
    image.putpalette((truth.palette // 257).astype("u1").tobytes())
    return image


def _gif() -> Iterator[Case]:
    truth = paletted(6)
    image = _with_palette(truth)
    stored = Truth(samples=truth.samples, bits=8, palette=truth.palette, colour=Colour.RGB)
    plain = _saved(image, "GIF", interlace=False)
    yield Case("GIF", "gif-plain.gif", plain, stored, representative=True)
    yield Case("GIF", "gif-interlaced.gif", _saved(image, "GIF", interlace=True), stored)
    index = truth.samples[..., 0].astype(np.int64)
    assert truth.palette is not None
    opaque = np.where(index == 20, 0, 255)[..., np.newaxis]
    samples = np.concatenate([(truth.palette // 257)[index], opaque], axis=-1)
    clear = Truth(samples=samples, colour=Colour.RGB, extra=(Extra.UNASSOCIATED,))
    yield Case("GIF", "gif-clear.gif", _saved(image, "GIF", transparency=20, interlace=False), clear)
    second = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    moving = _saved(image, "GIF", save_all=True, append_images=[second], interlace=False)
    yield Case("GIF, several pictures", "gif-moving.gif", moving, changed(stored, warns=True))
    broken = changed(stored, shape=Shape.BROKEN)
    for part in (3, 5, 9):
        data = plain[: len(plain) * part // 10]
        yield Case("GIF, broken", f"gif-cut-{part}.gif", data, broken, representative=part == 9)
    unclear = changed(stored, shape=Shape.UNCLEAR)
    yield Case("GIF without its end", "gif-no-end.gif", plain[:-1], unclear)


def _webp() -> Iterator[Case]:
    pixels = rgb().samples.astype("u1")
    image = Image.fromarray(pixels)
    whole = _saved(image, "WEBP", lossless=True)
    yield Case("WebP", "webp-plain.webp", whole, rgb(), representative=True)
    lossy = _saved(Image.fromarray(large().samples.astype("u1")), "WEBP", quality=90)
    pixels = np.asarray(Image.open(io.BytesIO(lossy)).convert("RGB")).astype(np.int64)
    yield Case("WebP", "webp-lossy.webp", lossy, changed(large(loss=1.5), samples=pixels))
    truth = with_extra(rgb(), (Extra.UNASSOCIATED,))
    clear = _saved(Image.fromarray(truth.samples.astype("u1")), "WEBP", lossless=True, exact=True)
    yield Case("WebP", "webp-alpha.webp", clear, truth)
    for turn in (1, 3, 6, 8):
        data = _saved(image, "WEBP", lossless=True, exif=b"Exif\0\0" + exif(turn))
        yield Case("WebP", f"webp-turn-{turn}.webp", data, rgb(orientation=turn), representative=turn == 6)
    profile = icc.adobe_rgb()
    data = _saved(image, "WEBP", lossless=True, icc_profile=profile)
    yield Case("WebP", "webp-profile.webp", data, rgb(profile=profile))
    broken = rgb(shape=Shape.BROKEN)
    yield Case("WebP, broken", "webp-cut.webp", whole[: len(whole) // 2], broken, representative=True)
    yield Case("WebP, broken", "webp-head.webp", whole[:20], broken)


def bmp(truth: Truth, rows: list[bytes], bits: int, **options: Any) -> bytes:
    """A bitmap of rows from top to bottom, stored bottom-up unless `down` is set."""
    height, width = truth.samples.shape[:2]
    colours, method = options.get("colours", b""), options.get("method", 0)
    down, masks = options.get("down", False), options.get("masks", b"")
    per_metre = _PER_METRE if truth.resolution else 0
    lines = rows if down else rows[::-1]
    data = options.get("data") or b"".join(row + bytes(-len(row) % 4) for row in lines)
    start = 14 + 40 + len(masks) + len(colours)
    head = struct.pack(
        "<IiiHHIIiiII",
        40,
        width,
        -height if down else height,
        1,
        bits,
        method,
        len(data),
        per_metre,
        per_metre,
        len(colours) // 4,
        0,
    )
    return struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start) + head + masks + colours + data


def _bmp() -> Iterator[Case]:
    truth = rgb(resolution=(300, 300))
    rows = [row[:, ::-1].astype("u1").tobytes() for row in truth.samples]
    yield Case("BMP", "bmp-24.bmp", bmp(truth, rows, 24), truth, representative=True)
    yield Case("BMP", "bmp-24-down.bmp", bmp(truth, rows, 24, down=True), truth, representative=True)
    plain = rgb()
    wide = [np.insert(row[:, ::-1].astype("u1"), 3, 0, axis=1).tobytes() for row in plain.samples]
    yield Case("BMP", "bmp-32.bmp", bmp(plain, wide, 32), plain)
    yield from _bmp_narrow()
    for name, fields in {"555": (5, 5, 5), "565": (5, 6, 5)}.items():
        yield _bmp_16(name, fields)
    broken = changed(plain, shape=Shape.BROKEN)
    whole = bmp(plain, rows, 24)
    yield Case("BMP, broken", "bmp-cut.bmp", whole[: len(whole) * 6 // 10], broken, representative=True)
    sized = whole[:18] + struct.pack("<ii", 2**31 - 1, 2**31 - 1) + whole[26:]
    yield Case("BMP, broken", "bmp-bomb.bmp", sized, broken)


def _bmp_narrow() -> Iterator[Case]:
    """Palettes of 2, 16 and 256 colours, and run lengths."""
    for bits in (1, 4, 8):
        truth = paletted(bits)
        entries = np.rint(palette(2**bits) * 255).astype("u1")[:, ::-1]
        colours = np.insert(entries, 3, 0, axis=1).tobytes()
        rows = [pack_bits(row[:, 0], bits) for row in truth.samples]
        yield Case("BMP", f"bmp-{bits:02}.bmp", bmp(truth, rows, bits, colours=colours), truth)
    data = b"".join(
        b"".join(bytes([1, int(value)]) for value in row[:, 0]) + b"\0\0" for row in truth.samples[::-1]
    )
    runs = bmp(truth, [], 8, colours=colours, method=_RLE8, data=data + b"\0\1")
    yield Case("BMP", "bmp-rle.bmp", runs, truth)


def _bmp_16(name: str, fields: tuple[int, int, int]) -> Case:
    red, green, blue = fields
    tops = np.array([2**red - 1, 2**green - 1, 2**blue - 1])
    values = np.rint(rgb().samples / 255 * tops).astype(np.int64)
    words = (values[..., 0] << (green + blue)) | (values[..., 1] << blue) | values[..., 2]
    masks = [(2**red - 1) << (green + blue), (2**green - 1) << blue, 2**blue - 1]
    meant = rgb(loss=1)
    meant = changed(meant, samples=np.rint(values / tops * 255).astype(np.int64))
    method, content = (0, b"") if name == "555" else (_BITFIELDS, struct.pack("<3I", *masks))
    rows = [row.astype("<u2").tobytes() for row in words]
    return Case("BMP", f"bmp-16-{name}.bmp", bmp(meant, rows, 16, method=method, masks=content), meant)


def _no_images() -> Iterator[Case]:
    truth = grey(shape=Shape.BROKEN)
    contents = {
        "pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9"/></svg>',
        "xml": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
        "dos-eps": b"\xc5\xd0\xd3\xc6" + bytes(28) + b"%!PS\nshowpage\n",
        "mvg": b"push graphic-context\nimage over 0,0 0,0 '/etc/hostname'\npop graphic-context\n",
        "script": b"#!/bin/sh\necho no picture\n",
        "text": b"This is no picture.\n",
        "empty": b"",
        "zeros": bytes(4000),
        "magic": b"II*\0",
        "html": b"<!DOCTYPE html><html><body>404 not found</body></html>",
        "zip": b"PK\3\4" + bytes(200),
        "ppm": b"P6 1 1 255\n\0\0\0",
    }
    for name, data in contents.items():
        for suffix in ("tif", "jpg", "png"):
            chosen = suffix == "tif" and name in {"pdf", "svg", "eps", "script", "empty"}
            yield Case("no image at all", f"no-{name}.{suffix}", data, truth, representative=chosen)
