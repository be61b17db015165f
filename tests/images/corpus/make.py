"""Shorthands for what occurs repeatedly in the corpus."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from tests.images.pictures import Array, alpha, indexes, palette, picture, unsigned
from tests.images.stored import Layout, tiff
from tests.images.tiff import Tags
from tests.images.truth import Case, Colour, Extra, Truth

WIDE: Final = 65535
Options = Any
"""Fields of a Truth."""


def grey(bits: int = 8, **options: Options) -> Truth:
    """A grey picture; black is zero."""
    return Truth(samples=unsigned(picture(1), bits), bits=bits, **options)


def white_is_zero(bits: int = 8, **options: Options) -> Truth:
    """The same picture, stored as its negative."""
    return Truth(samples=unsigned(1 - picture(1), bits), bits=bits, inverted=True, **options)


def bilevel(**options: Options) -> Truth:
    """A picture of black and white; black is zero."""
    return Truth(samples=unsigned((picture(1) > 0.5) * 1.0, 1), bits=1, **options)


def fax(**options: Options) -> Truth:
    """A picture of black and white as fax codes know it: white is zero."""
    return Truth(samples=unsigned((picture(1) <= 0.5) * 1.0, 1), bits=1, inverted=True, **options)


def rgb(bits: int = 8, **options: Options) -> Truth:
    """A picture of three colours."""
    return Truth(samples=unsigned(picture(3), bits), bits=bits, colour=Colour.RGB, **options)


def large(channels: int = 3, bits: int = 8, **options: Options) -> Truth:
    """A picture large and smooth enough for lossy compression."""
    colour = Colour.GREY if channels == 1 else Colour.RGB
    return Truth(samples=unsigned(picture(channels, 331, 217), bits), bits=bits, colour=colour, **options)


def cmyk(bits: int = 8, **options: Options) -> Truth:
    """Four inks."""
    return Truth(samples=unsigned(picture(4), bits), bits=bits, colour=Colour.CMYK, **options)


def paletted(bits: int, factor: int = 257, **options: Options) -> Truth:
    """Indexes into 16-bit colours that are 8-bit ones times `factor`; 1 makes colours of 16 bits."""
    entries = 2**bits
    colours = palette(entries)
    table = np.rint(colours * WIDE) if factor == 1 else np.rint(colours * 255) * factor
    return Truth(
        samples=indexes(entries), bits=bits, palette=table.astype(np.int64), colour=Colour.RGB, **options
    )


def with_extra(truth: Truth, kinds: Sequence[Extra]) -> Truth:
    """The picture with alpha channels; colours are multiplied by the first associated one."""
    top = 2**truth.bits - 1
    values, opaque = truth.samples / top, alpha()
    if Extra.ASSOCIATED in kinds:
        opaque = unsigned(opaque, truth.bits) / top
        values = values * opaque
    channels = [values]
    channels += [1 - opaque if kind is Extra.UNSPECIFIED else opaque for kind in kinds]
    stored = unsigned(np.concatenate(channels, axis=-1), truth.bits)
    return changed(truth, samples=stored, extra=tuple(kinds))


def changed(truth: Truth, **options: Options) -> Truth:
    """The truth with other fields."""

    return replace(truth, **options)


def tif(
    kind: str,
    name: str,
    truth: Truth,
    layout: Layout | None = None,
    tags: Tags | None = None,
    *,
    representative: bool = False,
) -> Case:
    """A TIFF of one page."""
    return Case(kind, f"{name}.tif", tiff(truth, layout, tags), truth, representative)


def as_bytes(samples: Array) -> bytes:
    """Samples of 8 bits in their order."""
    return samples.astype(np.uint8).tobytes()
