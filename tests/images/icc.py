"""Makes colour profiles with known behaviour (ICC.1:2001-04), and recognises which one a result carries."""

import struct
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import Final

from PIL import ImageCms

ADOBE_RGB: Final = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
PROPHOTO: Final = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491))
"""XYZ of red, green and blue, adapted to D50."""
_D50: Final = (0.9642, 1.0, 0.8249)
_GRID: Final = 5
_LABS: Final = {
    "C": (55.0, -37.0, -50.0),
    "M": (48.0, 74.0, -3.0),
    "Y": (89.0, -5.0, 93.0),
    "K": (16.0, 0.0, 0.0),
}
"""Full inks on paper, roughly as in offset printing (ISO 12647-2)."""


@cache
def srgb() -> bytes:
    """LittleCMS's own sRGB."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@cache
def adobe_rgb() -> bytes:
    """The primaries and the gamma of Adobe RGB (1998)."""
    return matrix(ADOBE_RGB, 563 / 256)


@cache
def prophoto() -> bytes:
    """The primaries and the gamma of ROMM RGB."""
    return matrix(PROPHOTO, 1.8)


def matrix(primaries: Sequence[Sequence[float]], gamma: float) -> bytes:
    """A display profile of three primaries and one gamma."""
    tags = {name: _xyz(value) for name, value in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _gamma(gamma))
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


@cache
def grey_gamma(gamma: float = 1.8) -> bytes:
    """A grey display profile."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _gamma(gamma)})


@cache
def cmyk_table() -> bytes:
    """A printer's profile whose tables mix the full inks in Lab."""
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": _table(4, _inks)})


@cache
def rgb_table() -> bytes:
    """An RGB input profile with tables instead of primaries; it turns what it is given towards yellow."""
    return _profile(b"scnr", b"RGB ", b"Lab ", {b"A2B0": _table(3, _yellowish)})


def _inks(amounts: Sequence[float]) -> tuple[float, float, float]:
    lightness, a, b = 95.0, 0.0, -2.0
    for amount, ink in zip(amounts, _LABS.values(), strict=True):
        part = ink[0] / 95.0
        lightness *= 1 - amount * (1 - part)
        a, b = a * (1 - amount * 0.3) + amount * ink[1] * 0.8, b * (1 - amount * 0.3) + amount * ink[2] * 0.8
    black = 1 - amounts[3] * 0.9
    return lightness, a * black, b * black


def _yellowish(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = values
    return (
        100 * (0.25 * red + 0.65 * green + 0.1 * blue),
        60 * (red - green),
        50 * (0.5 * (red + green) - blue) + 8,
    )


def _table(channels: int, colour: Callable[[Sequence[float]], tuple[float, float, float]]) -> bytes:
    """A lut8Type from device values to Lab."""
    steps = [value / (_GRID - 1) for value in range(_GRID)]
    entries = bytearray()
    for values in product(steps, repeat=channels):
        lightness, a, b = colour(values)
        for number in (lightness * 2.55, a + 128, b + 128):
            entries.append(min(255, max(0, round(number))))
    identity = [65536, 0, 0, 0, 65536, 0, 0, 0, 65536]
    head = struct.pack(">4s4xBBBx9i", b"mft1", channels, 3, _GRID, *identity)
    straight = bytes(range(256))
    return head + straight * channels + bytes(entries) + straight * 3


def _gamma(gamma: float) -> bytes:
    return struct.pack(">4s4xIH", b"curv", 1, round(gamma * 256))


def _xyz(values: Sequence[float]) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *(round(value * 65536) for value in values))


def _text(kind: bytes, text: bytes) -> bytes:
    if kind == b"text":
        return struct.pack(">4s4x", b"text") + text + b"\0"
    return struct.pack(">4s4xI", b"desc", len(text) + 1) + text + b"\0" + bytes(78)


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A whole profile of version 2 around its tags."""
    every = {
        b"desc": _text(b"desc", b"drawn for a test"),
        b"cprt": _text(b"text", b"none"),
        b"wtpt": _xyz(_D50),
    }
    every |= tags
    at, entries, content = 128 + 4 + 12 * len(every), b"", b""
    for name, value in every.items():
        padded = value + bytes(-len(value) % 4)
        entries += struct.pack(">4sII", name, at + len(content), len(value))
        content += padded
    head = struct.pack(
        ">I4sI4s4s4s12x4s", at + len(content), b"\0" * 4, 0x02400000, kind, space, connection, b"acsp"
    )
    head = head.ljust(68, b"\0") + struct.pack(">3i", *(round(value * 65536) for value in _D50))
    return head.ljust(128, b"\0") + struct.pack(">I", len(every)) + entries + content
