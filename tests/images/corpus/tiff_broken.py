"""TIFFs with missing or unreadable pixels, and some that only seem to have them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from tests.images import codecs
from tests.images.corpus.make import changed, fax, grey, paletted, rgb, tif
from tests.images.corpus.tiff_colour import jpeg_of
from tests.images.corpus.tiff_storage import packed_by_libtiff
from tests.images.stored import Layout, directory
from tests.images.tiff import LONG, SHORT, Directory, Tags, assemble
from tests.images.truth import Case, Shape, Truth

_OFFSETS, _COUNTS = 273, 279
_KIND: Final = "TIFF, pixels missing"
_LIES: Final = "TIFF, sizes that lie"


_UNNOTICEABLE: Final = frozenset({("g4", "ones"), ("g4", "short")})
"""Ones are valid codes of Group 4 (all as in the row above), and its last bytes may be only an end."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to store the picture, and its truth."""

    name: str
    truth: Truth
    layout: Layout


def cases() -> Iterator[Case]:
    """All of them."""
    for way in _ways():
        yield from _cut(way)
        yield from _spoilt(way)
    yield from _fax()
    yield from _counts()
    yield from _lies()
    yield from _headers()


def _ways() -> Iterator[_Way]:
    broken = rgb(shape=Shape.BROKEN)
    for name, number in (("none", 1), ("lzw", 5), ("deflate", 8), ("packbits", 32773)):
        yield _Way(name, broken, Layout(compression=number))
    jpeg = changed(broken)
    yield _Way("jpeg", jpeg, Layout(compression=7, encode=jpeg_of, rows_per_strip=8))
    page = fax(shape=Shape.BROKEN)
    yield _Way("g4", page, Layout(compression=4, encode=lambda block: packed_by_libtiff("group4", block)))
    yield _Way("rle", page, Layout(compression=2, encode=lambda block: codecs.ccitt_rle(_black(block))))


def _black(
    block: np.ndarray[tuple[int, ...], np.dtype[np.uint64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return block[..., 0].astype(np.int64)


def _page(way: _Way) -> Directory:
    tags: Tags = {262: (SHORT, [6]), 530: (SHORT, [1, 1])} if way.name == "jpeg" else {}
    return directory(way.truth, way.layout, tags)


def data_last(page: Directory) -> bytes:
    """The file with its directory before the strips, so that it can be cut."""
    counts = [len(segment) for segment in page.segments]

    def head(offsets: list[int]) -> bytes:
        tags = {**page.tags, _OFFSETS: (LONG, offsets), _COUNTS: (LONG, counts)}
        return assemble([Directory(tags, [])])

    start = len(head([0] * len(counts)))
    offsets = [start + sum(counts[:number]) for number in range(len(counts))]
    return head(offsets) + b"".join(page.segments)


def _cut(way: _Way) -> Iterator[Case]:
    page = _page(way)
    data, total = data_last(page), sum(map(len, page.segments))
    start, last = len(data) - total, len(page.segments[-1])
    ends = {
        "third": start + total // 3,
        "before-last": len(data) - last,
        "in-last": len(data) - max(2, last // 2),
        "no-data": start,
    }
    for name, end in ends.items():
        chosen = name == "in-last" and way.name in {"none", "lzw", "g4", "jpeg"}
        yield Case(_KIND, f"cut-{way.name}-{name}.tif", data[:end], way.truth, chosen)


def _spoilt(way: _Way) -> Iterator[Case]:
    """Strips that end early or are overwritten, in a file that is complete otherwise."""
    page = _page(way)
    changes: dict[str, Callable[[bytes], bytes]] = {"short": lambda strip: strip[: len(strip) // 2]}
    if way.name != "none":
        changes["zeros"] = lambda strip: _overwritten(strip, b"\0")
        changes["ones"] = lambda strip: _overwritten(strip, b"\xff")
    for name, change in changes.items():
        for number in (0, len(page.segments) - 1):
            if (way.name, name) in _UNNOTICEABLE:
                continue
            segments = [change(strip) if at == number else strip for at, strip in enumerate(page.segments)]
            data = assemble([Directory(page.tags, segments)])
            chosen = name == "short" and number > 0
            file = f"spoilt-{way.name}-{name}-{number}.tif"
            yield Case(_KIND, file, data, way.truth, chosen and way.name in {"deflate", "packbits"})
    fewer = assemble([Directory(page.tags, page.segments[:-1])])
    yield Case(
        _KIND, f"spoilt-{way.name}-no-last.tif", fewer, way.truth, representative=way.name == "deflate"
    )


def _overwritten(strip: bytes, value: bytes) -> bytes:
    a, b = len(strip) // 3, 2 * len(strip) // 3
    return strip[:a] + value * (b - a) + strip[b:]


def _fax() -> Iterator[Case]:
    """Rows that end early."""
    truth = fax(shape=Shape.BROKEN)
    rows = _black(truth.samples)
    early = [row[:20] if number in {5, 6} else row for number, row in enumerate(rows)]
    layout = Layout(compression=3, rows_per_strip=0)
    page = directory(truth, layout, None, [codecs.group3(early)])
    yield Case(_KIND, "fax-early-eol.tif", assemble([page]), truth, representative=True)
    fewer = directory(truth, layout, None, [codecs.group3(rows[:15])])
    yield Case(_KIND, "fax-few-rows.tif", assemble([fewer]), truth)
    group4 = packed_by_libtiff("group4", truth.samples[:15])
    page = directory(truth, Layout(compression=4, rows_per_strip=0), None, [group4])
    yield Case(_KIND, "fax-g4-few-rows.tif", assemble([page]), truth, representative=True)
    long = [np.concatenate([row, row[:9]]) if number == 4 else row for number, row in enumerate(rows)]
    page = directory(truth, layout, None, [codecs.group3(long)])
    yield Case(
        "TIFF, a fax row too long", "fax-long-row.tif", assemble([page]), changed(truth, shape=Shape.UNCLEAR)
    )


def _counts() -> Iterator[Case]:
    kind = "TIFF, wrong counts of bytes"
    for name, number in (("none", 1), ("lzw", 5), ("deflate", 8), ("packbits", 32773)):
        page = directory(rgb(), Layout(compression=number, rows_per_strip=0))
        length = len(page.segments[0])
        odd, unclear = rgb(shape=Shape.ODD), rgb(shape=Shape.UNCLEAR)
        larger = Directory(page.changed({_COUNTS: (LONG, [length + 40])}).tags, page.segments)
        yield Case(kind, f"count-large-{name}.tif", assemble([larger]), odd)
        smaller = page.changed({_COUNTS: (LONG, [length // 2])})
        yield Case(kind, f"count-small-{name}.tif", assemble([smaller]), unclear)
        tail = Directory(page.tags, [page.segments[0] + bytes(10)])
        yield Case(kind, f"count-tail-{name}.tif", assemble([tail]), odd)
        zero = page.changed({_COUNTS: (LONG, [0])})
        yield Case(kind, f"count-zero-{name}.tif", assemble([zero]), unclear)
        none = page.changed({_COUNTS: (LONG, [])})
        yield Case(kind, f"count-none-{name}.tif", assemble([none]), odd if number == 1 else unclear)


def _lies() -> Iterator[Case]:
    """Sizes that exceed the data."""
    truth = rgb(shape=Shape.BROKEN)
    changes: dict[str, Tags] = {
        "bomb-square": {256: (LONG, [1_000_000]), 257: (LONG, [1_000_000])},
        "bomb-wide": {256: (LONG, [2**31])},
        "bomb-high": {257: (LONG, [2**31]), 278: (LONG, [2**31])},
        "bomb-most": {256: (LONG, [2**32 - 1]), 257: (LONG, [2**32 - 1])},
        "bomb-samples": {277: (SHORT, [65535])},
        "zero-width": {256: (LONG, [0])},
        "zero-height": {257: (LONG, [0])},
        "zero-bits": {258: (SHORT, [0, 0, 0])},
        "zero-samples": {277: (SHORT, [0])},
        "no-width": {256: None},
        "no-height": {257: None},
        "higher": {257: (LONG, [46])},
        "wider": {256: (LONG, [74])},
        "more-bits": {258: (SHORT, [16, 16, 16])},
        "offset-far": {_OFFSETS: (LONG, [2**31] * 4)},
        "offset-zero": {_OFFSETS: (LONG, [0] * 4)},
        "offsets-few": {_OFFSETS: (LONG, [8, 800])},
        "no-offsets": {_OFFSETS: (LONG, [])},
        "unknown-compression": {259: (SHORT, [9999])},
    }
    for name, tags in changes.items():
        yield tif(_LIES, f"lie-{name}", truth, None, tags, representative=name in _CHOSEN_LIES)
    single = Layout(compression=8, rows_per_strip=0)
    for name in ("bomb-square", "bomb-wide", "higher", "wider"):
        yield tif(_LIES, f"lie-{name}-deflate", truth, single, changes[name])
    tile: Tags = {322: (LONG, [0])}
    yield tif(_LIES, "lie-tile-zero", truth, Layout(tile=(16, 16)), tile)
    huge: Tags = {322: (LONG, [2**30]), 323: (LONG, [2**30])}
    yield tif(_LIES, "lie-tile-huge", truth, Layout(tile=(16, 16)), huge)
    colours = paletted(8, shape=Shape.BROKEN)
    yield tif(_LIES, "lie-no-palette", colours, None, {320: None})
    yield tif(_LIES, "lie-short-palette", colours, None, {320: (SHORT, [1, 2, 3])})


_CHOSEN_LIES: Final = frozenset({"bomb-square", "zero-width", "higher", "offset-far", "unknown-compression"})


def _headers() -> Iterator[Case]:
    truth = grey(shape=Shape.BROKEN)
    whole = assemble([directory(truth, Layout())])
    contents = {
        "only-header": whole[:8],
        "link-far": whole[:4] + b"\xff\xff\xff\x7f" + whole[8:],
        "link-zero": whole[:4] + bytes(4) + whole[8:],
        "link-odd": whole[:4] + b"\x09\0\0\0" + whole[8:],
        "cut-directory": whole[:-60],
        "wrong-order": b"MM\0*" + whole[4:],
    }
    for name, data in contents.items():
        yield Case("TIFF, no directory", f"header-{name}.tif", data, truth, name == "link-far")
