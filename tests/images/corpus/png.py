"""PNGs, written with zlib alone, so that every chunk is known (PNG, third edition)."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from tests.images import icc
from tests.images.codecs import pack_bits
from tests.images.corpus.make import bilevel, changed, grey, large, rgb, with_extra
from tests.images.pictures import Array, indexes, palette
from tests.images.truth import Case, Colour, Extra, Shape, Truth

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_ADAM7: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""First column and row, then steps, of each pass (section 8.2)."""
_SRGB_PRIMARIES: Final = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
_PER_METRE: Final = 11811
Chunks = Sequence[tuple[bytes, bytes]]


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _plain()
    yield from _palettes()
    yield from _alpha()
    yield from _colours()
    yield from _labels()
    yield from _broken()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk with its check sum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _filtered(rows: Array, bits: int) -> bytes:
    """Rows with filter 1 (Sub) and 2 (Up) in turn, where samples are whole bytes, else none."""
    data, before = b"", b""
    for number, row in enumerate(rows):
        line = row.astype(">u2").tobytes() if bits == 16 else pack_bits(row.reshape(-1), bits)
        if number % 2 and before:
            data += b"\2" + bytes((a - b) % 256 for a, b in zip(line, before, strict=True))
        else:
            data += b"\0" + line
        before = line
    return data


def png(samples: Array, bits: int, colour: int, chunks: Chunks = (), *, interlaced: bool = False) -> bytes:
    """A file of these samples; `chunks` come before the data."""
    return SIGNATURE + b"".join(parts(samples, bits, colour, chunks, interlaced=interlaced))


def parts(
    samples: Array, bits: int, colour: int, chunks: Chunks = (), *, interlaced: bool = False
) -> list[bytes]:
    """The chunks of a file: header, those given, two of data, end."""
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    if interlaced:
        passes = [samples[row::down, column::across] for column, row, across, down in _ADAM7]
        raw = b"".join(_filtered(one, bits) for one in passes if one.size)
    else:
        raw = _filtered(samples, bits)
    data = zlib.compress(raw)
    half = len(data) // 2
    middle = [chunk(kind, content) for kind, content in chunks]
    return [
        chunk(b"IHDR", header),
        *middle,
        chunk(b"IDAT", data[:half]),
        chunk(b"IDAT", data[half:]),
        chunk(b"IEND", b""),
    ]


def _of(truth: Truth, chunks: Chunks = (), *, interlaced: bool = False) -> bytes:
    colour = _GREY if truth.colour is Colour.GREY else _RGB
    colour += 4 if truth.extra else 0
    return png(truth.samples, truth.bits, colour, chunks, interlaced=interlaced)


def _plain() -> Iterator[Case]:
    for name, truth in {
        "01": bilevel(),
        "02": grey(2),
        "04": grey(4),
        "08": grey(),
        "16": grey(16),
        "rgb-08": rgb(),
        "rgb-16": rgb(16),
    }.items():
        chosen = name in {"01", "04", "rgb-16"}
        yield Case("PNG", f"png-{name}.png", _of(truth), truth, representative=chosen)
        file = f"png-{name}-interlaced.png"
        yield Case("PNG, interlaced", file, _of(truth, interlaced=True), truth, name in {"08", "rgb-16"})
    both = large()
    yield Case("large enough for lossy profiles", "large-rgb.png", _of(both), both, large=True)


def _palette_chunk(entries: int) -> bytes:
    return np.rint(palette(entries) * 255).astype("u1").tobytes()


def _palettes() -> Iterator[Case]:
    for bits in (1, 2, 4, 8):
        entries = 2**bits
        table = np.rint(palette(entries) * 255).astype(np.int64) * 257
        truth = Truth(samples=indexes(entries), bits=bits, palette=table, colour=Colour.RGB)
        chunks = [(b"PLTE", _palette_chunk(entries))]
        for interlaced in (False, True):
            name = f"png-palette-{bits}{'-interlaced' if interlaced else ''}.png"
            data = png(truth.samples, bits, _PALETTE, chunks, interlaced=interlaced)
            yield Case("PNG, palette", name, data, truth, representative=bits == 4 and not interlaced)
        opaque = np.rint(np.linspace(0, 255, entries)).astype(np.int64)
        data = png(truth.samples, bits, _PALETTE, [*chunks, (b"tRNS", opaque.astype("u1").tobytes())])
        index = truth.samples[..., 0].astype(np.int64)
        samples = np.concatenate([(table // 257)[index], opaque[index][..., np.newaxis]], axis=-1)
        meant = Truth(samples=samples, colour=Colour.RGB, extra=(Extra.UNASSOCIATED,))
        yield Case("PNG, alpha", f"png-palette-{bits}-alpha.png", data, meant, representative=bits == 8)


def _alpha() -> Iterator[Case]:
    kind = "PNG, alpha"
    for bits in (8, 16):
        for name, plain in (("grey", grey(bits)), ("rgb", rgb(bits))):
            truth = with_extra(plain, (Extra.UNASSOCIATED,))
            chosen = bits == 8 and name == "rgb"
            yield Case(kind, f"png-{name}-alpha-{bits}.png", _of(truth), truth, representative=chosen)
            data = _of(truth, interlaced=True)
            yield Case(kind, f"png-{name}-alpha-{bits}-interlaced.png", data, truth)
    for name, truth in {"grey-08": grey(), "grey-04": grey(4), "grey-16": grey(16), "rgb-08": rgb()}.items():
        key = truth.samples[6, 6].astype(np.int64)
        clear = np.all(truth.samples == truth.samples[6, 6], axis=-1, keepdims=True)
        content = struct.pack(f">{len(key)}H", *key)
        opaque = np.where(clear, 0, 2**truth.bits - 1).astype(np.uint64)
        samples = np.concatenate([truth.samples, opaque], axis=-1)
        meant = changed(truth, samples=samples, extra=(Extra.UNASSOCIATED,))
        yield Case(kind, f"png-key-{name}.png", _of(truth, [(b"tRNS", content)]), meant, name == "grey-08")


def _colours() -> Iterator[Case]:
    for gamma in (1.0, 0.7, 0.45455):
        content, truth = struct.pack(">I", round(gamma * 100_000)), rgb(gamma=None if gamma < 0.5 else gamma)
        kind = "PNG, gAMA of sRGB" if truth.gamma is None else "PNG, another gAMA"
        ways: dict[str, tuple[Truth, Chunks]] = {
            "": (truth, []),
            "-chrm": (truth, [(b"cHRM", _SRGB_PRIMARIES)]),
            "-16": (rgb(16, gamma=truth.gamma), []),
            "-grey": (grey(gamma=truth.gamma), []),
            "-srgb": (rgb(), [(b"sRGB", b"\0")]),
            "-iccp": (rgb(profile=icc.adobe_rgb()), [(b"iCCP", _iccp(icc.adobe_rgb()))]),
        }
        for tail, (meant, chunks) in ways.items():
            row = kind if tail not in {"-srgb", "-iccp"} else "PNG, gAMA that does not count"
            data = _of(meant, [(b"gAMA", content), *chunks])
            chosen = gamma == 1.0 and tail in {"", "-srgb"}
            yield Case(row, f"png-gamma-{gamma:g}{tail}.png", data, meant, representative=chosen)
    profiles: dict[str, Truth] = {
        "adobe": rgb(profile=icc.adobe_rgb()),
        "prophoto-16": rgb(16, profile=icc.prophoto()),
        "grey": grey(profile=icc.grey_gamma()),
        "rgb-on-grey": grey(profile=icc.srgb()),
        "grey-on-rgb": rgb(profile=icc.grey_gamma()),
        "broken": rgb(profile=bytes(range(200))),
    }
    for name, truth in profiles.items():
        data = _of(truth, [(b"iCCP", _iccp(truth.profile or b""))])
        yield Case("PNG, profiles", f"png-profile-{name}.png", data, truth, representative=name == "adobe")


def _iccp(profile: bytes) -> bytes:
    return b"drawn\0\0" + zlib.compress(profile)


def _labels() -> Iterator[Case]:
    kind = "PNG, resolution and orientation"
    dots = struct.pack(">IIB", _PER_METRE, _PER_METRE, 1)
    uneven = struct.pack(">IIB", _PER_METRE, _PER_METRE // 2, 1)
    no_unit = struct.pack(">IIB", 2, 1, 0)
    options: dict[str, Any] = {"resolution": (300, 300)}
    yield Case(kind, "png-dots.png", _of(rgb(), [(b"pHYs", dots)]), rgb(**options), representative=True)
    yield Case(kind, "png-dots-grey.png", _of(grey(), [(b"pHYs", dots)]), grey(**options))
    yield Case(kind, "png-dots-uneven.png", _of(rgb(), [(b"pHYs", uneven)]), rgb(resolution=(300, 150)))
    yield Case(kind, "png-dots-no-unit.png", _of(rgb(), [(b"pHYs", no_unit)]), rgb())
    for turn in range(1, 9):
        data = _of(rgb(), [(b"eXIf", exif(turn))])
        yield Case(kind, f"png-turn-{turn}.png", data, rgb(orientation=turn), representative=turn == 6)
    text = b"XML:com.adobe.xmp\0\0\0\0\0" + XMP
    both = _of(rgb(), [(b"eXIf", exif(6)), (b"iTXt", text)])
    yield Case(kind, "png-turn-xmp.png", both, rgb(orientation=6))
    yield Case(kind, "png-xmp.png", _of(rgb(), [(b"iTXt", text)]), rgb())


XMP: Final = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="3"/></rdf:RDF>'
    b"</x:xmpmeta>"
)


def exif(turn: int) -> bytes:
    """A block of EXIF that says nothing but the orientation."""
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 274, 3, 1, turn, 0, 0)


def _broken() -> Iterator[Case]:
    truth = rgb(shape=Shape.BROKEN)
    pieces = parts(truth.samples, 8, _RGB)
    header, first, second, end = pieces
    whole = SIGNATURE + b"".join(pieces)
    bad = second[:12] + bytes([second[12] ^ 255]) + second[13:]
    contents = {
        "cut": whole[: len(whole) // 2],
        "cut-in-header": whole[:20],
        "no-second-data": SIGNATURE + header + first + end,
        "crc": SIGNATURE + header + first + bad + end,
        "no-data": SIGNATURE + header + end,
        "bomb": SIGNATURE + _header(1_000_000, 1_000_000) + first + second + end,
        "bomb-wide": SIGNATURE + _header(2**31 - 1, 1) + first + second + end,
        "zero-width": SIGNATURE + _header(0, 23) + first + second + end,
        "higher": SIGNATURE + _header(37, 46) + first + second + end,
    }
    for name, data in contents.items():
        chosen = name in {"cut", "crc", "bomb"}
        yield Case("PNG, broken", f"png-broken-{name}.png", data, truth, representative=chosen)
    odd = rgb(shape=Shape.ODD)
    kind = "PNG, whole against the rules"
    yield Case(kind, "png-no-end.png", whole[:-12], odd, representative=True)
    yield Case(kind, "png-tail.png", whole + b"tail of another program", odd)
    crc = chunk(b"tEXt", b"Title\0x")[:-1] + b"?"
    yield Case(kind, "png-text-crc.png", SIGNATURE + header + crc + first + second + end, odd)
    wrong = first[:-4] + bytes(byte ^ 255 for byte in first[-4:])
    unclear = rgb(shape=Shape.UNCLEAR)
    yield Case(kind, "png-data-crc.png", SIGNATURE + header + wrong + second + end, unclear)


def _header(width: int, height: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, _RGB, 0, 0, 0))
