"""The directories of a TIFF file, read without any library and without belief (TIFF 6.0, section 2; BigTIFF).

It finds loops, links and values beyond the end of the file, and tags out of order: what readers pass over in
silence. Decodes nothing and knows the meaning of no tag but the links to further directories.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

from taskmanager_plugin_runner.plugins.tiffvalidation import texts

DIRECTORIES_MAX: Final = 10_000
VALUES_MAX: Final = 10_000_000
"""The most values of one tag that are read: strips and tiles of the largest pictures are fewer."""
_SIZES: Final = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
"""Bytes of one value by field type."""
_INTEGERS: Final = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_SUB_IFDS: Final = 330
_OTHER_LINKS: Final = (34665, 34853, 40965)
"""Exif, GPS and interoperability: directories without an image."""


class Place(StrEnum):
    """How a directory is reached."""

    CHAIN = "chain"
    SUB = "sub"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag: its field type, how many values it has, and where they begin."""

    tag: int
    type: int
    count: int
    position: int


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory, its number in the order of reading from 1.

    `tags` are all that are named, `entries` those whose values are in the file.
    """

    number: int
    offset: int
    place: Place
    tags: frozenset[int]
    entries: dict[int, Entry]


@dataclass(slots=True)
class Structure:
    """All directories, and what is wrong (`faults`) or odd (`notes`) about them."""

    little: bool
    big: bool
    directories: list[Directory] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def images(self) -> list[Directory]:
        """The directories that should hold an image."""
        return [one for one in self.directories if one.place is not Place.OTHER]


class StructureReader:
    """Reads one open file whose first bytes are those of a TIFF."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._end = os.fstat(file.fileno()).st_size
        head = file.read(4)
        order = "<" if head[:2] == b"II" else ">"
        self._order, self._big = order, head[2:4] in {b"+\0", b"\0+"}
        self._offset_format = f"{order}{'Q' if self._big else 'I'}"
        self._inline = 8 if self._big else 4
        self._seen: set[int] = set()
        self.found = Structure(little=order == "<", big=self._big)

    def read(self) -> Structure:
        """Follow every link once."""
        at = 8 if self._big else 4
        first = self._offset(at)
        if first is None:
            self.found.faults.append(texts.HEADER_CUT())
        elif first == 0:
            self.found.faults.append(texts.NO_DIRECTORY())
        else:
            self._follow([(first, Place.CHAIN)])
        return self.found

    def integers(self, entry: Entry) -> tuple[int, ...]:
        """The values of a tag of an integer type; empty if they are not there or not integers."""
        letter = _INTEGERS.get(entry.type)
        if letter is None or entry.count > VALUES_MAX:
            return ()
        size = struct.calcsize(letter) * entry.count
        data = self._bytes(entry.position, size)
        return struct.unpack(f"{self._order}{entry.count}{letter}", data) if len(data) == size else ()

    def _follow(self, links: list[tuple[int, Place]]) -> None:
        while links:
            offset, place = links.pop(0)
            number = len(self.found.directories) + 1
            if number > DIRECTORIES_MAX:
                self.found.faults.append(texts.TOO_MANY_DIRECTORIES(most=DIRECTORIES_MAX))
                return
            if offset in self._seen and place is Place.OTHER:
                continue  # several pages may share their Exif data
            if offset in self._seen:
                self.found.faults.append(texts.LOOP(number=number, position=offset))
                continue
            self._seen.add(offset)
            links += self._directory(number, offset, place)

    def _directory(self, number: int, offset: int, place: Place) -> list[tuple[int, Place]]:
        """Read one directory; returns the links out of it, that of the chain first."""
        faults = self.found.faults
        if offset >= self._end:
            faults.append(texts.DIRECTORY_OUTSIDE(number=number, position=offset, end=self._end))
            return []
        if offset % 2:
            self.found.notes.append(texts.ODD_OFFSET(number=number))
        width, size = (8, 20) if self._big else (2, 12)
        head = self._bytes(offset, width)
        count = int.from_bytes(head, "little" if self._order == "<" else "big")
        if len(head) < width or offset + width + count * size > self._end:
            faults.append(texts.DIRECTORY_CUT(number=number, position=offset))
            return []
        if count == 0:
            faults.append(texts.DIRECTORY_EMPTY(number=number))
        data = self._bytes(offset + width, count * size)
        tags = frozenset(
            struct.unpack_from(f"{self._order}H", data, index * size)[0] for index in range(count)
        )
        entries = {entry.tag: entry for entry in self._entries(number, offset + width, data)}
        self.found.directories.append(Directory(number, offset, place, tags, entries))
        return [*self._next(number, offset + width + count * size, place), *self._inner(entries)]

    def _next(self, number: int, at: int, place: Place) -> Iterator[tuple[int, Place]]:
        following = self._offset(at)
        if following is None:
            self.found.faults.append(texts.DIRECTORY_CUT(number=number, position=at))
        elif following and place is Place.CHAIN:
            yield following, place

    def _inner(self, entries: dict[int, Entry]) -> Iterator[tuple[int, Place]]:
        for tag in (_SUB_IFDS, *_OTHER_LINKS):
            if tag in entries:
                place = Place.SUB if tag == _SUB_IFDS else Place.OTHER
                yield from ((offset, place) for offset in self.integers(entries[tag]) if offset)

    def _entries(self, number: int, at: int, data: bytes) -> Iterator[Entry]:
        """The entries whose values are in the file."""
        size, counts = (20, "Q") if self._big else (12, "I")
        before = -1
        for index in range(len(data) // size):
            tag, kind, many = struct.unpack_from(f"{self._order}HH{counts}", data, index * size)
            if tag <= before:
                self.found.faults.append(texts.TAG_ORDER(tag=tag, number=number))
            before = max(before, tag)
            if kind not in _SIZES:
                self.found.notes.append(texts.TYPE_UNKNOWN(tag=tag, number=number, type=kind))
                continue
            length, position = many * _SIZES[kind], at + index * size + size - self._inline
            if length > self._inline:
                (position,) = struct.unpack_from(
                    self._offset_format, data, index * size + size - self._inline
                )
            if position + length > self._end:
                self.found.faults.append(texts.VALUE_OUTSIDE(tag=tag, number=number))
                continue
            yield Entry(tag, kind, many, position)

    def _offset(self, at: int) -> int | None:
        """The offset that is written at a position; None if the file ends before."""
        data = self._bytes(at, self._inline)
        return struct.unpack(self._offset_format, data)[0] if len(data) == self._inline else None

    def _bytes(self, at: int, count: int) -> bytes:
        self._file.seek(at)
        return self._file.read(count)


def read_structure(path: Path) -> Structure:
    """The directories of a TIFF file; raises OSError if it cannot be read."""
    with path.open("rb") as file:
        return StructureReader(file).read()
