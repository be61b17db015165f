"""A small writer of TIFF and BigTIFF files that can also write invalid ones. Knows no truth."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

ASCII, BYTE, SHORT, LONG, RATIONAL, UNDEFINED, LONG8, IFD8 = 2, 1, 3, 4, 5, 7, 16, 18
_FORMATS: Final = {1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 7: "s", 8: "h", 9: "i", 13: "I", 16: "Q", 18: "Q"}

Value = tuple[int, Sequence[int] | bytes]
"""The type of a tag and its values; rationals are numerators and denominators in turn."""
Tags = Mapping[int, Value | None]
"""Tags to add or replace; None removes a tag."""

STRIP_OFFSETS, STRIP_COUNTS, TILE_OFFSETS, TILE_COUNTS, SUB_IFDS = 273, 279, 324, 325, 330


@dataclass(frozen=True, slots=True)
class Directory:
    """One page: its tags, its strips or tiles, and the pages that hang below it."""

    tags: Mapping[int, Value]
    segments: Sequence[bytes]
    tiled: bool = False
    children: Sequence["Directory"] = ()

    def changed(self, tags: Tags) -> "Directory":
        """The same page with other tags."""
        kept = {number: value for number, value in {**self.tags, **tags}.items() if value is not None}
        return Directory(kept, self.segments, self.tiled, self.children)


@dataclass(slots=True)
class _File:
    """A file being written, with the byte order and width of its offsets."""

    order: str
    big: bool
    data: bytearray = field(default_factory=bytearray)

    @property
    def offset_format(self) -> str:
        return f"{self.order}{'Q' if self.big else 'I'}"

    @property
    def inline(self) -> int:
        return 8 if self.big else 4

    def append(self, content: bytes, *, odd: bool = False) -> int:
        """Put content at the next even (or odd) position and return it."""
        if len(self.data) % 2 != odd:
            self.data += b"\0"
        at = len(self.data)
        self.data += content
        return at

    def pack_offset(self, offset: int) -> bytes:
        return struct.pack(self.offset_format, offset)


def assemble(
    pages: Sequence[Directory],
    *,
    order: str = "<",
    big: bool = False,
    odd: bool = False,
    last_link: int | None = None,
) -> bytes:
    """A file of these pages; `last_link` is what the last one names as the next, -1 the first page again."""
    file = _File(order, big)
    mark = b"II" if order == "<" else b"MM"
    head = struct.pack(f"{order}HHH", 43, 8, 0) if big else struct.pack(f"{order}H", 42)
    file.data += mark + head + file.pack_offset(0)
    link, first = len(file.data) - file.inline, 0
    for page in pages:
        at, next_link = _append(file, page, odd=odd)
        first = first or at
        file.data[link : link + file.inline] = file.pack_offset(at)
        link = next_link
    if last_link is not None:
        target = first if last_link < 0 else last_link
        file.data[link : link + file.inline] = file.pack_offset(target)
    return bytes(file.data)


def _append(file: _File, page: Directory, *, odd: bool) -> tuple[int, int]:
    """Write a page; returns where its directory is and where its link to the next page is."""
    offsets = [file.append(segment, odd=odd) for segment in page.segments]
    children = [_append(file, child, odd=odd)[0] for child in page.children]
    kind = LONG8 if file.big else LONG
    places = (TILE_OFFSETS, TILE_COUNTS) if page.tiled else (STRIP_OFFSETS, STRIP_COUNTS)
    tags = dict(page.tags)
    tags.setdefault(places[0], (kind, offsets))
    if not tags[places[0]][1]:
        del tags[places[0]]
    tags.setdefault(places[1], (kind, [len(segment) for segment in page.segments]))
    if not tags[places[1]][1]:
        del tags[places[1]]
    if children:
        tags[SUB_IFDS] = (kind, children)
    entries = b"".join(_entries(file, tags, odd=odd))
    count = struct.pack(f"{file.order}{'Q' if file.big else 'H'}", len(tags))
    at = file.append(count + entries + file.pack_offset(0), odd=odd)
    return at, at + len(count) + len(entries)


def _entries(file: _File, tags: Mapping[int, Value], *, odd: bool) -> Iterator[bytes]:
    for number, (kind, values) in sorted(tags.items()):
        content = _content(file.order, kind, values)
        count = len(values) // 2 if kind == RATIONAL else len(values)
        head = struct.pack(f"{file.order}HH{'Q' if file.big else 'I'}", number, kind, count)
        if len(content) <= file.inline:
            yield head + content.ljust(file.inline, b"\0")
        else:
            yield head + file.pack_offset(file.append(content, odd=odd))


def _content(order: str, kind: int, values: Sequence[int] | bytes) -> bytes:
    if isinstance(values, bytes):
        return values
    letter = _FORMATS[kind][0]
    return struct.pack(f"{order}{len(values)}{letter}", *values)


def offsets_of(data: bytes, tag: int) -> list[int]:
    """The values of a tag of the first directory of a classic little-endian file, as this module wrote it."""
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        number, kind, many, place = struct.unpack_from("<HHII", data, entry)
        if number == tag:
            letter = _FORMATS[kind]
            start = entry + 8 if many * struct.calcsize(letter) <= 4 else place
            return list(struct.unpack_from(f"<{many}{letter}", data, start))
    raise KeyError(tag)
