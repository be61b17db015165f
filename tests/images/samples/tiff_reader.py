"""Reads plain TIFFs by TIFF 6.0 alone and returns their truth; UnsupportedError for anything else.

It is no reader for people: it is the second opinion on sample files whose drawing nobody has.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from tests.images.codecs import reverse_bits
from tests.images.pictures import Array
from tests.images.samples.bytestreams import EXPANDERS, UnsupportedError
from tests.images.truth import Colour, Extra, Numbers, Truth

Tags = Mapping[int, tuple[Any, ...]]

_TYPES: Final = {
    1: "B",
    2: "c",
    3: "H",
    4: "I",
    5: "II",
    6: "b",
    7: "c",
    8: "h",
    9: "i",
    10: "ii",
    11: "f",
    12: "d",
    13: "I",
    16: "Q",
    17: "q",
    18: "Q",
}
_COLOURS: Final = {
    0: Colour.GREY,
    1: Colour.GREY,
    2: Colour.RGB,
    3: Colour.RGB,
    5: Colour.CMYK,
    8: Colour.LAB,
}
_CHANNELS: Final = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 8: 3}
_NUMBERS: Final = {1: Numbers.UNSIGNED, 2: Numbers.SIGNED, 3: Numbers.FLOAT, 4: Numbers.UNSIGNED}
_EXTRA: Final = {0: Extra.UNSPECIFIED, 1: Extra.ASSOCIATED, 2: Extra.UNASSOCIATED}
_PER_INCH: Final = {2: 1.0, 3: 2.54}
_PIXELS_MAX: Final = 30_000_000
_PAGES_MAX: Final = 100


def truth_of(data: bytes) -> Truth:
    """The truth of the first page that is no reduced copy and no mask."""
    try:
        order, pages = directories(data)
        return _page(data, order, first_page(pages))
    except (ArithmeticError, LookupError, TypeError, ValueError, struct.error) as error:
        raise UnsupportedError(repr(error)) from error


def first_page(pages: list[Tags]) -> Tags:
    """The first page that is neither a reduced copy nor a mask."""
    full = [page for page in pages if not _number(page, 254, 0) & 5 and _number(page, 255, 1) != 2]
    return (full or pages)[0]


def directories(data: bytes) -> tuple[str, list[Tags]]:
    """Byte order and the tags of every page."""
    order = {b"II": "<", b"MM": ">"}[data[:2]]
    (version,) = struct.unpack_from(f"{order}H", data, 2)
    big = {42: False, 43: True}[version]
    (at,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4)
    pages: list[Tags] = []
    seen: set[int] = set()
    while at and at not in seen and len(pages) < _PAGES_MAX:
        seen.add(at)
        try:
            tags, at = _directory(data, at, order, big=big)
        except struct.error:
            break
        pages.append(tags)
    return order, pages


def _directory(data: bytes, at: int, order: str, *, big: bool) -> tuple[Tags, int]:
    head, size, inline, offset = ("Q", 20, 8, "Q") if big else ("H", 12, 4, "I")
    (count,) = struct.unpack_from(order + head, data, at)
    start = at + struct.calcsize("<" + head)
    tags: dict[int, tuple[Any, ...]] = {}
    for entry in range(start, start + count * size, size):
        number, kind, many = struct.unpack_from(f"{order}HH{offset}", data, entry)
        if kind not in _TYPES or many > len(data):
            continue
        form = f"{order}{many * len(_TYPES[kind])}{_TYPES[kind][0]}"
        place = entry + size - inline
        if struct.calcsize(form) > inline:
            (place,) = struct.unpack_from(order + offset, data, place)
        if place + struct.calcsize(form) <= len(data):
            tags[number] = struct.unpack_from(form, data, place)
    (after,) = struct.unpack_from(order + offset, data, start + count * size)
    return tags, after


def _number(tags: Tags, tag: int, default: int) -> int:
    return int(tags.get(tag, (default,))[0])


def _page(data: bytes, order: str, tags: Tags) -> Truth:
    photometric = _number(tags, 262, -1)
    count, bits = _number(tags, 277, 1), tags.get(258, (1,))
    numbers = set(tags.get(339, (1,)))
    if (
        photometric not in _COLOURS
        or count < _CHANNELS[photometric]
        or len(set(bits)) != 1
        or len(numbers) != 1
    ):
        raise UnsupportedError(f"photometric {photometric}, {bits} bits")
    kind = _NUMBERS[numbers.pop()]
    samples = _samples(data, order, tags, kind)
    if photometric == 8:  # a* and b* are signed, whatever SampleFormat says
        half, full = 2 ** (bits[0] - 1), 2 ** bits[0]
        whole = samples.astype(np.int64)
        samples = np.where((np.arange(count) > 0) & (whole >= half), whole - full, whole)
    extra = [_EXTRA.get(value, Extra.UNSPECIFIED) for value in tags.get(338, ())]
    more = count - _CHANNELS[photometric]
    palette = np.array(tags[320]).reshape(3, -1).T if photometric == 3 else None
    return Truth(
        samples=samples,
        colour=_COLOURS[photometric],
        bits=int(bits[0]),
        numbers=kind,
        inverted=photometric == 0,
        palette=palette,
        extra=tuple((extra + [Extra.UNSPECIFIED] * more)[:more]),
        orientation=_turn(_number(tags, 274, 1)),
        profile=b"".join(tags[34675]) if 34675 in tags else None,
        resolution=resolution(tags),
    )


def _turn(value: int) -> int:
    return value if 1 <= value <= 8 else 1


def resolution(tags: Tags) -> tuple[float, float] | None:
    """Dots per inch."""
    x, y, unit = tags.get(282, (0, 0)), tags.get(283, (0, 0)), _number(tags, 296, 2)
    if unit not in _PER_INCH or not all((*x, *y)):
        return None
    return x[0] / x[1] * _PER_INCH[unit], y[0] / y[1] * _PER_INCH[unit]


def _samples(data: bytes, order: str, tags: Tags, kind: Numbers) -> Array:
    width, height, count = _number(tags, 256, 0), _number(tags, 257, 0), _number(tags, 277, 1)
    if not 0 < width * height * count <= _PIXELS_MAX:
        raise UnsupportedError(f"{width} x {height} x {count}")
    planes = count if _number(tags, 284, 1) == 2 else 1
    blocks = list(_blocks(data, order, tags, kind))
    per_plane = len(blocks) // planes
    parts = [_joined(blocks[at * per_plane : (at + 1) * per_plane], tags) for at in range(planes)]
    return np.concatenate(parts, axis=-1)


def _joined(blocks: list[Array], tags: Tags) -> Array:
    width, height = _number(tags, 256, 0), _number(tags, 257, 0)
    across = -(-width // _number(tags, 322, width))
    rows = [np.concatenate(blocks[at : at + across], axis=1) for at in range(0, len(blocks), across)]
    joined = np.concatenate(rows)[:height, :width]
    if joined.shape[:2] != (height, width):
        raise UnsupportedError(f"{joined.shape} instead of {height} x {width}")
    return joined


def _blocks(data: bytes, order: str, tags: Tags, kind: Numbers) -> Iterator[Array]:
    """Strips or tiles as arrays."""
    width, height = _number(tags, 256, 0), _number(tags, 257, 0)
    expand = EXPANDERS.get(_number(tags, 259, 1))
    tiled = 322 in tags
    offsets, counts = (tags[324], tags[325]) if 324 in tags else (tags[273], tags[279])
    if expand is None or len(counts) != len(offsets):
        raise UnsupportedError(f"compression {_number(tags, 259, 1)}")
    across = _number(tags, 322, width)
    step = _number(tags, 323, 0) if tiled else min(_number(tags, 278, height), height)
    strips = -(-height // step)
    for number, (offset, length) in enumerate(zip(offsets, counts, strict=True)):
        rows = step if tiled else min(step, height - number % strips * step)
        raw = data[offset : offset + length]
        if _number(tags, 266, 1) == 2:
            raw = reverse_bits(raw)
        yield _block(expand(raw), rows, across, order, tags, kind)


def _block(data: bytes, rows: int, width: int, order: str, tags: Tags, kind: Numbers) -> Array:
    count = 1 if _number(tags, 284, 1) == 2 else _number(tags, 277, 1)
    bits, predictor = _number(tags, 258, 1), _number(tags, 317, 1)
    length = -(-width * count * bits // 8)
    lines = np.frombuffer(data[: rows * length], np.uint8).reshape(rows, length)
    if predictor == 3:
        return _floats(lines, bits // 8, count)
    if bits not in {8, 16, 32, 64}:
        if predictor != 1 or kind is not Numbers.UNSIGNED:
            raise UnsupportedError(f"predictor {predictor} with {bits} bits")
        return _unpacked(lines, width * count, bits, order).reshape(rows, width, count)
    values = lines.copy().view(f"{order}u{bits // 8}").reshape(rows, width, count)
    if predictor == 2:
        values = np.cumsum(values, axis=1, dtype=f"u{bits // 8}")
    letter = {Numbers.UNSIGNED: "u", Numbers.SIGNED: "i", Numbers.FLOAT: "f"}[kind]
    native = np.ascontiguousarray(values.astype(f"=u{bits // 8}")).view(f"=u{bits // 8}")
    return native.view(f"={letter}{bits // 8}")


def _unpacked(lines: Array, values: int, bits: int, order: str) -> Array:
    if bits == 24 and order == "<":
        lines = lines.reshape(len(lines), -1, 3)[..., ::-1].reshape(len(lines), -1)
    single = np.unpackbits(lines, axis=1)[:, : values * bits].reshape(len(lines), values, bits)
    weights = np.uint64(1) << np.arange(bits - 1, -1, -1, dtype=np.uint64)
    return (single.astype(np.uint64) * weights).sum(axis=-1, dtype=np.uint64)


def _floats(lines: Array, size: int, count: int) -> Array:
    """Predictor 3 undone."""
    rows, length = lines.shape
    summed = np.cumsum(lines.reshape(rows, -1, count), axis=1, dtype=np.uint8).reshape(
        rows, size, length // size
    )
    most_first = np.ascontiguousarray(summed.transpose(0, 2, 1))
    return most_first.view(f">f{size}").reshape(rows, -1, count).astype(f"f{size}")
