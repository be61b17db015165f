"""TIFFs of every depth and sample format, in grey, RGB, and with palettes."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from tests.images.corpus.make import bilevel, grey, paletted, rgb, tif, white_is_zero, with_extra
from tests.images.pictures import Array, picture, signed
from tests.images.stored import Layout
from tests.images.tiff import SHORT
from tests.images.truth import Case, Colour, Extra, Numbers, Shape, Truth

_NARROW: Final = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16)
_DEEP: Final = (24, 32, 64)
_ORDERS: Final = (("ii", "<"), ("mm", ">"))
_CHOSEN: Final = frozenset({1, 4, 8, 12, 16})


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _grey()
    yield from _deep()
    yield from _signed()
    yield from _floats()
    yield from _rgb()
    yield from _palettes()
    yield from _extra()


def _grey() -> Iterator[Case]:
    for mark, order in _ORDERS:
        layout = Layout(order=order)
        for bits in _NARROW:
            kind = "TIFF, grey, 1 to 16 bits"
            chosen = mark == "mm" and bits in _CHOSEN
            picked = bilevel() if bits == 1 else grey(bits)
            yield tif(kind, f"grey-{bits:02}-{mark}", picked, layout, representative=chosen)
            kind = "TIFF, grey, white is zero, 1 to 16 bits"
            chosen = mark == "ii" and bits in _CHOSEN
            yield tif(kind, f"white-{bits:02}-{mark}", white_is_zero(bits), layout, representative=chosen)


def _deep() -> Iterator[Case]:
    for mark, order in _ORDERS:
        layout = Layout(order=order)
        for bits in _DEEP:
            chosen = mark == "ii" and bits == 32
            kind = "TIFF, grey, 24 to 64 bits"
            yield tif(kind, f"grey-{bits}-{mark}", grey(bits), layout, representative=chosen)
            yield tif(kind, f"white-{bits}-{mark}", white_is_zero(bits), layout)
            yield tif("TIFF, RGB, 24 to 64 bits", f"rgb-{bits}-{mark}", rgb(bits), layout)


def _signed() -> Iterator[Case]:
    for mark, order in _ORDERS:
        for bits in (8, 16, 32):
            layout = Layout(order=order)
            one = Truth(samples=signed(picture(1), bits), bits=bits, numbers=Numbers.SIGNED)
            three = Truth(
                samples=signed(picture(3), bits), bits=bits, numbers=Numbers.SIGNED, colour=Colour.RGB
            )
            chosen = mark == "ii" and bits == 16
            yield tif("TIFF, signed numbers", f"signed-{bits}-{mark}", one, layout, representative=chosen)
            yield tif("TIFF, signed numbers", f"signed-rgb-{bits}-{mark}", three, layout)


def _floats() -> Iterator[Case]:
    for mark, order in _ORDERS:
        for bits in (16, 32, 64):
            layout = Layout(order=order)
            for name, values in _float_pictures().items():
                colour = Colour.RGB if values.shape[2] > 1 else Colour.GREY
                stored = values.astype(f"f{bits // 8}").astype(np.float64)
                truth = Truth(samples=stored, bits=bits, numbers=Numbers.FLOAT, colour=colour)
                kind = "TIFF, floating point"
                chosen = mark == "ii" and bits == 32
                yield tif(kind, f"float-{bits}-{name}-{mark}", truth, layout, representative=chosen)


def _float_pictures() -> dict[str, Array]:
    holes = picture(1)
    holes[2:5, 4:9], holes[12:15, 20:25], holes[18:20, 30:33] = np.nan, np.inf, -np.inf
    return {
        "unit": picture(1),
        "wide": picture(1) * 700 - 100,
        "large": picture(1) * 255,
        "holes": holes,
        "rgb": picture(3),
    }


def _rgb() -> Iterator[Case]:
    for separate in (False, True):
        for bits in _NARROW:
            way = "planes" if separate else "mixed"
            layout = Layout(separate=separate, order=">" if bits % 4 else "<")
            chosen = separate == (bits > 8) and bits in {4, 8, 12, 16}
            kind = f"TIFF, RGB, 1 to 16 bits{', separate planes' if separate else ''}"
            yield tif(kind, f"rgb-{bits:02}-{way}", rgb(bits), layout, representative=chosen)
    grey_looking = Truth(samples=np.repeat(grey().samples, 3, axis=-1), colour=Colour.RGB)
    yield tif("TIFF, RGB, all pixels grey", "rgb-grey", grey_looking, representative=True)


def _palettes() -> Iterator[Case]:
    for bits in (1, 2, 4, 8):
        for factor in (257, 256, 1):
            name = f"palette-{bits}-{'wide' if factor == 1 else factor}"
            chosen = (bits, factor) in {(4, 257), (8, 256)}
            yield tif("TIFF, palette", name, paletted(bits, factor), representative=chosen)
    yield tif("TIFF, palette", "palette-16-wide", paletted(16, 1))
    yield tif("TIFF, palette", "palette-8-tiled", paletted(8), Layout(tile=(16, 16)))
    few = paletted(8)
    yield tif("TIFF, palette", "palette-8-lzw", few, Layout(compression=5, predictor=1))


def _extra() -> Iterator[Case]:
    kinds = {
        "associated": (Extra.ASSOCIATED,),
        "unassociated": (Extra.UNASSOCIATED,),
        "unspecified": (Extra.UNSPECIFIED,),
        "two": (Extra.UNASSOCIATED, Extra.UNSPECIFIED),
    }
    for bits in (8, 16):
        for name, extra in kinds.items():
            for separate in (False, True):
                layout = Layout(separate=separate)
                row = "TIFF, extra channels" if Extra.UNSPECIFIED in extra else "TIFF, alpha"
                tail = f"{name}-{bits}{'-planes' if separate else ''}"
                chosen = bits == 8 and not separate
                yield tif(row, f"rgb-{tail}", with_extra(rgb(bits), extra), layout, representative=chosen)
                yield tif(row, f"grey-{tail}", with_extra(grey(bits), extra), layout)
    undeclared = with_extra(rgb(), (Extra.UNSPECIFIED,))
    yield tif("TIFF, extra channels", "rgb-undeclared", undeclared, tags={338: None})
    yield tif(
        "TIFF, extra channels",
        "rgb-unknown-kind",
        Truth(samples=undeclared.samples, colour=Colour.RGB, extra=undeclared.extra, shape=Shape.UNCLEAR),
        tags={338: (SHORT, [7])},
    )
