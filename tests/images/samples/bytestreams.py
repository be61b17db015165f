"""Undoes the compressions of TIFF, slowly and simply, without any library. Knows no tags."""

import zlib
from collections.abc import Callable, Iterator
from typing import Final

_CLEAR, _END, _FIRST_FREE, _WIDEST = 256, 257, 258, 12


class UnsupportedError(Exception):
    """This reader does not know the file's kind, or the file is broken."""


def packbits(data: bytes) -> bytes:
    """PackBits (compression 32773)."""
    result, at = bytearray(), 0
    while at < len(data):
        head = data[at]
        if head < 128:
            result += data[at + 1 : at + 2 + head]
            at += 2 + head
        elif head > 128:
            result += data[at + 1 : at + 2] * (257 - head)
            at += 2
        else:
            at += 1
    return bytes(result)


def lzw(data: bytes) -> bytes:
    """LZW of TIFF 6.0, and of earlier writers, recognised by the first two bytes."""
    old = len(data) > 1 and data[0] == 0 and data[1] & 1
    codes = _Codes(data, old=bool(old))
    result, table, before = bytearray(), _start(), b""
    for code in codes:
        if code == _CLEAR:
            table, before, codes.width = _start(), b"", 9
            continue
        if code == _END:
            break
        if code < len(table):
            entry = table[code]
        elif code == len(table) and before:
            entry = before + before[:1]
        else:
            raise UnsupportedError("a wrong LZW code")
        result += entry
        if before:
            table.append(before + entry[:1])
        before = entry
        if len(table) + (0 if old else 1) >= 1 << codes.width and codes.width < _WIDEST:
            codes.width += 1
    return bytes(result)


def _start() -> list[bytes]:
    return [bytes([value]) for value in range(256)] + [b"", b""]


class _Codes:
    """Codes of changing width."""

    def __init__(self, data: bytes, *, old: bool) -> None:
        self.width = 9
        self._data, self._old = data, old

    def __iter__(self) -> Iterator[int]:
        value = held = 0
        for byte in self._data:
            if self._old:
                value |= byte << held
            else:
                value = value << 8 | byte
            held += 8
            while held >= self.width:
                held -= self.width
                if self._old:
                    code, value = value & ((1 << self.width) - 1), value >> self.width
                else:
                    code, value = value >> held, value & ((1 << held) - 1)
                yield code


def deflate(data: bytes) -> bytes:
    """Deflate, which must be complete."""
    try:
        return zlib.decompress(data)
    except zlib.error as error:
        raise UnsupportedError(str(error)) from error


def nothing(data: bytes) -> bytes:
    """No compression."""
    return data


EXPANDERS: Final[dict[int, Callable[[bytes], bytes]]] = {
    1: nothing,
    5: lzw,
    8: deflate,
    32773: packbits,
    32946: deflate,
}
