"""Turns a truth into the page of a TIFF: strips or tiles, planes, predictors, compressions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from tests.images import codecs
from tests.images.pictures import Array
from tests.images.tiff import LONG, RATIONAL, SHORT, UNDEFINED, Directory, Tags, Value, assemble
from tests.images.truth import Colour, Extra, Numbers, Truth

Encoder = Callable[[Array], bytes]
"""Compresses one strip or tile, given as rows, columns, channels."""

_PHOTOMETRIC: Final = {Colour.GREY: 1, Colour.RGB: 2, Colour.CMYK: 5, Colour.YCBCR: 6, Colour.LAB: 8}
_EXTRA: Final = {Extra.UNSPECIFIED: 0, Extra.ASSOCIATED: 1, Extra.UNASSOCIATED: 2}
_FORMAT: Final = {Numbers.UNSIGNED: 1, Numbers.SIGNED: 2, Numbers.FLOAT: 3}
_LETTER: Final = {Numbers.UNSIGNED: "u", Numbers.SIGNED: "i", Numbers.FLOAT: "f"}
_INCH, _WHOLE_BYTES, _HORIZONTAL, _FLOATING = 2, (8, 16, 32, 64), 2, 3
_EXTRA_SAMPLES, _SAMPLE_FORMAT, _COLOR_MAP, _ICC, _PALETTE = 338, 339, 320, 34675, 3
_PACKBITS: Final = 32773


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the samples are laid out in the file.

    `rows_per_strip`: 0 puts all rows into one strip and leaves the tag out. `encode` takes the place of
    the compression's own function. `fill_order` 2 turns the bits of every byte around.
    """

    order: str = "<"
    big: bool = False
    compression: int = 1
    predictor: int = 1
    separate: bool = False
    rows_per_strip: int = 7
    tile: tuple[int, int] | None = None
    fill_order: int = 1
    odd: bool = False
    encode: Encoder | None = None


def tiff(truth: Truth, layout: Layout | None = None, tags: Tags | None = None) -> bytes:
    """The file of one page."""
    chosen = layout or Layout()
    page = directory(truth, chosen, tags)
    return assemble([page], order=chosen.order, big=chosen.big, odd=chosen.odd)


def directory(
    truth: Truth, layout: Layout, tags: Tags | None = None, segments: list[bytes] | None = None
) -> Directory:
    """The page; `segments` if they are compressed already."""
    data = list(_segments(truth, layout)) if segments is None else segments
    page = Directory(_tags(truth, layout), data, tiled=layout.tile is not None)
    return page.changed(tags or {})


def _segments(truth: Truth, layout: Layout) -> Iterator[bytes]:
    count = truth.samples.shape[2]
    planes = [truth.samples[..., [one]] for one in range(count)] if layout.separate else [truth.samples]
    for plane in planes:
        for block in _blocks(plane, layout):
            data = layout.encode(block) if layout.encode else _compressed(block, truth, layout)
            yield codecs.reverse_bits(data) if layout.fill_order == 2 else data


def _blocks(plane: Array, layout: Layout) -> Iterator[Array]:
    height, width = plane.shape[:2]
    if layout.tile is None:
        step = layout.rows_per_strip or height
        yield from (plane[top : top + step] for top in range(0, height, step))
        return
    across, down = layout.tile
    padded = np.pad(plane, ((0, -height % down), (0, -width % across), (0, 0)), mode="edge")
    for top in range(0, height, down):
        yield from (padded[top : top + down, left : left + across] for left in range(0, width, across))


def _compressed(block: Array, truth: Truth, layout: Layout) -> bytes:
    compress = codecs.COMPRESSORS[layout.compression]
    rows = list(_rows(block, truth, layout))
    if layout.compression == _PACKBITS:
        return b"".join(compress(row) for row in rows)
    return compress(b"".join(rows))


def _rows(block: Array, truth: Truth, layout: Layout) -> Iterator[bytes]:
    channels = block.shape[2]
    if layout.predictor == _FLOATING:
        for row in block:
            most_first = row.astype(f">f{truth.bits // 8}").tobytes()
            yield codecs.float_difference(most_first, truth.bits // 8, channels)
        return
    values = block
    if layout.predictor == _HORIZONTAL:
        values = codecs.horizontal_difference(_whole(block, truth), truth.bits)
    for row in values:
        yield _row(row.reshape(-1), truth, layout, predicted=layout.predictor == _HORIZONTAL)


def _whole(block: Array, truth: Truth) -> Array:
    """Floats as the whole numbers their bits make, signed numbers without sign."""
    if truth.numbers is Numbers.FLOAT:
        return block.astype(f"f{truth.bits // 8}").view(f"u{truth.bits // 8}").astype(np.uint64)
    return block.astype(np.int64).astype(np.uint64) if truth.numbers is Numbers.SIGNED else block


def _row(row: Array, truth: Truth, layout: Layout, *, predicted: bool) -> bytes:
    letter = "u" if predicted else _LETTER[truth.numbers]
    if truth.bits in _WHOLE_BYTES:
        return row.astype(f"{layout.order}{letter}{truth.bits // 8}").tobytes()
    packed = codecs.pack_bits(row, truth.bits)
    if truth.bits == 24 and layout.order == "<":
        return np.frombuffer(packed, np.uint8).reshape(-1, 3)[:, ::-1].tobytes()
    return packed


def _tags(truth: Truth, layout: Layout) -> dict[int, Value]:
    height, width, channels = truth.samples.shape
    tags: dict[int, Value] = {
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [truth.bits] * channels),
        259: (SHORT, [layout.compression]),
        262: (SHORT, [_photometric(truth)]),
        277: (SHORT, [channels]),
        284: (SHORT, [2 if layout.separate else 1]),
    }
    tags |= _layout_tags(layout) | _meaning_tags(truth)
    return tags


def _layout_tags(layout: Layout) -> dict[int, Value]:
    tags: dict[int, Value] = {}
    if layout.tile is not None:
        tags |= {322: (LONG, [layout.tile[0]]), 323: (LONG, [layout.tile[1]])}
    elif layout.rows_per_strip:
        tags[278] = (LONG, [layout.rows_per_strip])
    if layout.predictor > 1:
        tags[317] = (SHORT, [layout.predictor])
    if layout.fill_order > 1:
        tags[266] = (SHORT, [layout.fill_order])
    return tags


def _meaning_tags(truth: Truth) -> dict[int, Value]:
    tags: dict[int, Value] = {}
    if truth.orientation != 1:
        tags[274] = (SHORT, [truth.orientation])
    if truth.resolution is not None:
        x, y = (Fraction(value).limit_denominator(10_000) for value in truth.resolution)
        tags[282] = (RATIONAL, [x.numerator, x.denominator])
        tags[283] = (RATIONAL, [y.numerator, y.denominator])
        tags[296] = (SHORT, [_INCH])
    if truth.palette is not None:
        tags[_COLOR_MAP] = (SHORT, [int(value) for value in truth.palette.T.reshape(-1)])
    if truth.extra:
        tags[_EXTRA_SAMPLES] = (SHORT, [_EXTRA[one] for one in truth.extra])
    if truth.numbers is not Numbers.UNSIGNED:
        tags[_SAMPLE_FORMAT] = (SHORT, [_FORMAT[truth.numbers]] * truth.samples.shape[2])
    if truth.profile is not None:
        tags[_ICC] = (UNDEFINED, truth.profile)
    return tags


def _photometric(truth: Truth) -> int:
    if truth.palette is not None:
        return _PALETTE
    return 0 if truth.inverted else _PHOTOMETRIC[truth.colour]
