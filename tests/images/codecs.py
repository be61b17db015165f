"""Packs samples into bits and compresses them, each as TIFF 6.0 describes it. Knows no tags.

Written for the tests, so that no reader and its writer can be wrong together.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Final

import numpy as np
from tests.images.ccitt_codes import BLACK, EOL, WHITE
from tests.images.pictures import Array

_CLEAR, _END, _FIRST_FREE = 256, 257, 258
_PACKBITS_MAX: Final = 128
_LONG_RUN: Final = 64
_RUN_MAX: Final = 2560


def pack_bits(row: Array, bits: int) -> bytes:
    """Whole numbers of any width below 64, most significant bit first, the last byte filled with zeros."""
    shifts = np.arange(bits - 1, -1, -1, dtype=np.uint64)
    singles = (row.reshape(-1, 1).astype(np.uint64) >> shifts) & np.uint64(1)
    return np.packbits(singles.astype(np.uint8).ravel()).tobytes()


def packbits(data: bytes) -> bytes:
    """PackBits (compression 32773)."""
    packed = bytearray()
    literal = bytearray()

    def flush() -> None:
        for at in range(0, len(literal), _PACKBITS_MAX):
            part = literal[at : at + _PACKBITS_MAX]
            packed.extend([len(part) - 1, *part])
        literal.clear()

    for value, group in groupby(data):
        count = len(list(group))
        while count > 1:
            part = min(count, _PACKBITS_MAX)
            flush()
            packed.extend([(257 - part) & 255, value])
            count -= part
        if count:
            literal.append(value)
    flush()
    return bytes(packed)


def _lzw_codes(data: bytes, early: int) -> Iterator[tuple[int, int]]:
    """Codes with their widths; `early` is 1 where the width grows one code early, as TIFF 6.0 requires."""
    table: dict[bytes, int] = {bytes([value]): value for value in range(256)}
    free, width = _FIRST_FREE, 9
    yield _CLEAR, width
    known = b""
    for value in data:
        longer = known + bytes([value])
        if longer in table:
            known = longer
            continue
        yield table[known], width
        table[longer] = free
        free += 1
        known = bytes([value])
        if free + early > 1 << width:
            width += 1
        if free == 4094:
            yield _CLEAR, min(width, 12)
            table = {bytes([number]): number for number in range(256)}
            free, width = _FIRST_FREE, 9
    if known:
        yield table[known], width
        free += 1
        if free + early > 1 << width:
            width += 1
    yield _END, min(width, 12)


def lzw(data: bytes) -> bytes:
    """LZW of TIFF 6.0 (compression 5): most significant bit first."""
    bits = "".join(f"{code:0{width}b}" for code, width in _lzw_codes(data, early=1))
    return _bytes_of(bits)


def old_lzw(data: bytes) -> bytes:
    """LZW as TIFF 5.0 writers did it: least significant bit first, and the width grows one code later."""
    number = position = 0
    for code, width in _lzw_codes(data, early=0):
        number |= code << position
        position += width
    return number.to_bytes((position + 7) // 8, "little")


def deflate(data: bytes) -> bytes:
    """Deflate (compressions 8 and 32946)."""
    return zlib.compress(data)


def horizontal_difference(rows: Array, bits: int) -> Array:
    """Predictor 2: each sample minus the one of the same channel to its left."""
    wide = rows.astype(object)
    wide[:, 1:] = wide[:, 1:] - rows[:, :-1].astype(object)
    return (wide % (1 << bits)).astype(np.uint64)


def float_difference(row: bytes, size: int, channels: int) -> bytes:
    """Predictor 3 (Adobe TIFF Technical Note 3): bytes sorted by significance, then differences.

    `row` holds the floats most significant byte first.
    """
    planes = np.frombuffer(row, np.uint8).reshape(-1, size).T.reshape(-1)
    result = planes.copy()
    result[channels:] = planes[channels:] - planes[:-channels]
    return result.tobytes()


def _bytes_of(bits: str) -> bytes:
    filled = bits + "0" * (-len(bits) % 8)
    return int(filled, 2).to_bytes(len(filled) // 8) if filled else b""


def _runs(row: Array) -> Iterator[tuple[int, bool]]:
    """Lengths of the runs of a row of 0 (white) and 1 (black), beginning with white."""
    groups = [(bool(value), len(list(group))) for value, group in groupby(row.tolist())]
    if groups and groups[0][0]:
        yield 0, False
    for black, length in groups:
        yield length, black


def _run_code(length: int, *, black: bool) -> str:
    codes, bits = (BLACK if black else WHITE), ""
    while length > _RUN_MAX:
        bits, length = bits + codes[_RUN_MAX], length - _RUN_MAX
    if length >= _LONG_RUN:
        bits += codes[length // _LONG_RUN * _LONG_RUN]
    return bits + codes[length % _LONG_RUN]


def _coded_row(row: Array) -> str:
    return "".join(_run_code(length, black=black) for length, black in _runs(row))


def ccitt_rle(rows: Array) -> bytes:
    """Modified Huffman (compression 2): every row begins at a byte. Rows of 0 (white) and 1 (black)."""
    return b"".join(_bytes_of(_coded_row(row)) for row in rows)


def group3(rows: Iterable[Array], *, fill: bool = False, end: bool = True) -> bytes:
    """Group 3 in one dimension (compression 3), with `fill` so that every EOL ends at a byte."""
    bits = ""
    for row in rows:
        gap = -(len(bits) + len(EOL)) % 8 if fill else 0
        bits += "0" * gap + EOL + _coded_row(row)
    return _bytes_of(bits + EOL * 6 if end else bits)


def reverse_bits(data: bytes) -> bytes:
    """Each byte with its bits in the opposite order (FillOrder 2)."""
    values = np.unpackbits(np.frombuffer(data, np.uint8)).reshape(-1, 8)
    return np.packbits(values[:, ::-1].ravel()).tobytes()


def nothing(data: bytes) -> bytes:
    """No compression."""
    return data


COMPRESSORS: Final[dict[int, Callable[[bytes], bytes]]] = {
    1: nothing,
    5: lzw,
    8: deflate,
    32773: packbits,
    32946: deflate,
}
