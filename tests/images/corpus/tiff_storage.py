"""TIFFs in every compression, with strips and tiles of all sorts, in both byte orders and as BigTIFF."""

import io
from collections.abc import Iterator
from functools import cache, partial
from typing import Final

import numpy as np
from PIL import Image
from tests.images import codecs
from tests.images.corpus.make import bilevel, changed, fax, grey, large, rgb, tif, white_is_zero
from tests.images.pictures import Array, picture
from tests.images.stored import Layout, tiff
from tests.images.tiff import LONG, SHORT, offsets_of
from tests.images.truth import Case, Numbers, Shape, Truth

_STRIP_OFFSETS, _STRIP_COUNTS = 273, 279
_COMPRESSIONS: Final = {"none": 1, "lzw": 5, "deflate": 8, "packbits": 32773, "old-deflate": 32946}
_ORIENTATIONS: Final = range(1, 9)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _compressions()
    yield from _predictors()
    yield from _fax()
    yield from _by_libtiff()
    yield from _strips_and_tiles()
    yield from _big()
    yield from _orientations()
    yield from _large()


def _compressions() -> Iterator[Case]:
    pictures = {"bilevel": bilevel(), "grey": grey(), "rgb": rgb(), "rgb16": rgb(16), "grey12": grey(12)}
    for way, number in _COMPRESSIONS.items():
        for name, truth in pictures.items():
            chosen = name == "rgb" and way != "none"
            layout = Layout(compression=number)
            yield tif("TIFF, compressions", f"{way}-{name}", truth, layout, representative=chosen)
        yield tif("TIFF, compressions", f"{way}-mm", rgb(16), Layout(compression=number, order=">"))
        planes = Layout(compression=number, separate=True, tile=(16, 16))
        yield tif("TIFF, compressions", f"{way}-planes-tiles", rgb(), planes)
    for name, truth in (("grey", grey()), ("rgb", rgb())):
        old = Layout(compression=5, encode=lambda block: codecs.old_lzw(block.astype("u1").tobytes()))
        yield tif("TIFF, LZW of old writers", f"old-lzw-{name}", truth, old, representative=name == "rgb")


def _predictors() -> Iterator[Case]:
    kind = "TIFF, predictors"
    for order, mark in (("<", "ii"), (">", "mm")):
        for bits in (8, 16, 32):
            layout = Layout(order=order, compression=5 if bits == 16 else 8, predictor=2)
            yield tif(kind, f"difference-{bits}-{mark}", grey(bits), layout, representative=bits == 16)
            yield tif(kind, f"difference-rgb-{bits}-{mark}", rgb(bits), layout)
        for bits in (16, 32, 64):
            values = picture(1).astype(f"f{bits // 8}").astype(np.float64)
            truth = Truth(samples=values, bits=bits, numbers=Numbers.FLOAT)
            for predictor in (2, 3):
                layout = Layout(order=order, compression=8, predictor=predictor)
                yield tif(kind, f"difference-{predictor}-float{bits}-{mark}", truth, layout)
    planes = Layout(compression=8, predictor=2, separate=True)
    yield tif(kind, "difference-planes", rgb(), planes)
    yield tif(kind, "difference-tiles", rgb(16), Layout(compression=5, predictor=2, tile=(32, 16)))
    odd = Layout(compression=8, predictor=2)
    yield tif("TIFF, predictor with 12 bits", "difference-12", grey(12, shape=Shape.UNCLEAR), odd)


def _fax() -> Iterator[Case]:
    def rows(block: Array) -> Array:
        return block[..., 0].astype(np.int64)

    ways = {
        "rle": (2, lambda block: codecs.ccitt_rle(rows(block)), {}),
        "g3": (3, lambda block: codecs.group3(rows(block)), {292: (LONG, [0])}),
        "g3-fill": (3, lambda block: codecs.group3(rows(block), fill=True), {292: (LONG, [4])}),
        "g3-no-rtc": (3, lambda block: codecs.group3(rows(block), end=False), {}),
    }
    for name, (number, encode, tags) in ways.items():
        for order in (1, 2):
            layout = Layout(compression=number, encode=encode, fill_order=order, rows_per_strip=0)
            yield tif("TIFF, fax", f"{name}-fill{order}", fax(), layout, tags, representative=order == 1)
        strips = Layout(compression=number, encode=encode)
        yield tif("TIFF, fax", f"{name}-strips", fax(), strips, tags)
    negative = changed(fax(), inverted=False)
    layout = Layout(compression=2, encode=ways["rle"][1])
    yield tif("TIFF, fax", "rle-black-is-zero", negative, layout)
    yield tif("TIFF, fill order 2", "bilevel-fill2", bilevel(), Layout(fill_order=2))
    yield tif("TIFF, fill order 2", "grey-04-fill2", grey(4), Layout(fill_order=2))


@cache
def strip_by_libtiff(compression: str, mode: str, content: bytes, size: tuple[int, int]) -> bytes:
    """One strip as Pillow's libtiff compresses it."""
    file = io.BytesIO()
    image = Image.frombytes(mode, size, content)
    options = (
        {"tiffinfo": {278: size[1]}} if compression != "group3-2d" else {"tiffinfo": {278: size[1], 292: 1}}
    )
    image.save(file, "TIFF", compression=compression.removesuffix("-2d"), **options)
    data = file.getvalue()
    (at,), (count,) = offsets_of(data, _STRIP_OFFSETS), offsets_of(data, _STRIP_COUNTS)
    return data[at : at + count]


def packed_by_libtiff(compression: str, block: Array) -> bytes:
    """A block of bits or bytes by Pillow's libtiff, whose fax codes take 0 for white."""
    height, width, channels = block.shape
    if compression.startswith(("group", "tiff_ccitt")):
        content = b"".join(codecs.pack_bits(row.reshape(-1), 1) for row in block.astype(np.uint64))
        return strip_by_libtiff(compression, "1", content, (width, height))
    mode = "RGB" if channels > 1 else "L"
    return strip_by_libtiff(compression, mode, block.astype("u1").tobytes(), (width, height))


def _webp(block: Array) -> bytes:
    file = io.BytesIO()
    Image.fromarray(block.astype("u1")).save(file, "WEBP", lossless=True)
    return file.getvalue()


def _by_libtiff() -> Iterator[Case]:
    for name, number, tags in (("group4", 4, {}), ("group3-2d", 3, {292: (LONG, [1])})):
        for order in (1, 2):
            layout = Layout(compression=number, encode=partial(packed_by_libtiff, name), fill_order=order)
            yield tif("TIFF, fax", f"{name}-fill{order}", fax(), layout, tags, representative=True)
    for name, number in (("zstd", 50000), ("lzma", 34925)):
        layout = Layout(compression=number, encode=partial(packed_by_libtiff, name), rows_per_strip=0)
        yield tif("TIFF, ZSTD, LZMA, WebP", f"{name}-grey", grey(), layout)
        yield tif("TIFF, ZSTD, LZMA, WebP", f"{name}-rgb", rgb(), layout, representative=name == "zstd")
    yield tif("TIFF, ZSTD, LZMA, WebP", "webp-rgb", rgb(), Layout(compression=50001, encode=_webp))


def _strips_and_tiles() -> Iterator[Case]:
    kind = "TIFF, strips and tiles"
    for name, truth in (
        ("grey", grey()),
        ("rgb", rgb()),
        ("bilevel", bilevel()),
        ("white16", white_is_zero(16)),
    ):
        yield tif(kind, f"one-row-{name}", truth, Layout(rows_per_strip=1))
        yield tif(kind, f"no-rows-per-strip-{name}", truth, Layout(rows_per_strip=0), representative=True)
        huge = {278: (LONG, [2**32 - 1])}
        yield tif(kind, f"huge-rows-per-strip-{name}", truth, Layout(rows_per_strip=0), huge)
        for across, down in ((16, 16), (32, 16), (64, 32), (16, 48)):
            layout = Layout(tile=(across, down), compression=5)
            chosen = (across, down) == (32, 16)
            yield tif(kind, f"tiles-{across}x{down}-{name}", truth, layout, representative=chosen)
        yield tif(kind, f"tiles-planes-{name}", truth, Layout(tile=(16, 16), separate=True))
    yield tif(kind, "odd-offsets", rgb(), Layout(odd=True))
    small = {256: (SHORT, [37]), 257: (SHORT, [23])}
    yield tif(kind, "short-sizes", rgb(), None, small)


def _big() -> Iterator[Case]:
    for mark, order in (("ii", "<"), ("mm", ">")):
        for name, truth in (("grey", grey()), ("rgb16", rgb(16)), ("bilevel", bilevel())):
            layout = Layout(big=True, order=order)
            yield tif("BigTIFF", f"big-{name}-{mark}", truth, layout, representative=name == "rgb16")
            layout = Layout(big=True, order=order, tile=(16, 16), compression=5)
            yield tif("BigTIFF", f"big-{name}-{mark}-tiles", truth, layout)


def _orientations() -> Iterator[Case]:
    for turn in _ORIENTATIONS:
        kind = "TIFF, orientation"
        yield tif(kind, f"turn-{turn}-grey", grey(orientation=turn))
        yield tif(kind, f"turn-{turn}-bilevel", bilevel(orientation=turn))
        yield tif(kind, f"turn-{turn}-rgb16", rgb(16, orientation=turn), Layout(tile=(16, 16)))
        yield tif(kind, f"turn-{turn}-rgb", rgb(orientation=turn, resolution=(300, 300)), representative=True)
    yield tif(kind, "turn-6-uneven", rgb(orientation=6, resolution=(300, 150)))
    for number in (0, 9):
        truth = rgb(shape=Shape.ODD)
        yield tif(kind, f"turn-{number}", truth, None, {274: (SHORT, [number])})


def _large() -> Iterator[Case]:
    kind = "large enough for lossy profiles"
    pictures = {
        "grey": large(1),
        "rgb": large(),
        "grey16": large(1, 16),
        "rgb16": large(3, 16),
        "grey12": large(1, 12),
        "turned": large(orientation=6, resolution=(300, 300)),
    }
    for name, truth in pictures.items():
        yield Case(kind, f"large-{name}.tif", tiff(truth, Layout(rows_per_strip=16)), truth, large=True)
