"""TIFFs of several directories, and TIFFs whose tags are unusual though the picture is whole."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from tests.images.corpus.make import bilevel, changed, grey, rgb, tif
from tests.images.corpus.png import XMP
from tests.images.pictures import picture, unsigned
from tests.images.stored import Layout, directory
from tests.images.tiff import ASCII, BYTE, LONG, SHORT, UNDEFINED, Directory, Tags, assemble
from tests.images.truth import Case, Colour, Shape, Truth

_PLAIN: Final = Layout()
_REDUCED: Final[Tags] = {254: (LONG, [1])}
_MASK: Final[Tags] = {254: (LONG, [4]), 262: (SHORT, [4])}
_FAR: Final = 10_000_000


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _pages()
    yield from _links()
    yield from _odd_tags()


def _small(channels: int = 3) -> Directory:
    """A reduced copy that looks nothing like the page."""
    colour = Colour.RGB if channels > 1 else Colour.GREY
    samples = unsigned(1 - picture(channels, 19, 12), 8)
    return directory(Truth(samples=samples, colour=colour), _PLAIN, _REDUCED)


def _mask() -> Directory:
    samples = unsigned(np.ones((23, 37, 1)), 1)
    return directory(Truth(samples=samples, bits=1), _PLAIN, _MASK)


def _pages() -> Iterator[Case]:
    kind = "TIFF, reduced copies and masks"
    truth = rgb(resolution=(300, 300))
    page = directory(truth, _PLAIN)
    old = _small().changed({254: None, 255: (SHORT, [2])})
    tree = Directory(page.tags, page.segments, children=[_small(), _small()])
    layouts = {
        "small-first": [_small(), page],
        "small-grey-first": [_small(1), page],
        "small-last": [page, _small()],
        "old-small-first": [old, page],
        "mask-first": [_mask(), page],
        "mask-last": [page, _mask()],
        "sub-directories": [tree],
        "two-small-first": [_small(), _small(1), page],
    }
    for name, pages in layouts.items():
        yield Case(kind, f"{name}.tif", assemble(pages), truth, representative="first" in name)
        yield Case(kind, f"{name}-big.tif", assemble(pages, order=">", big=True), truth)
    first, second = rgb(warns=True), changed(rgb(), samples=rgb().samples[::-1])
    several = [directory(first, _PLAIN), directory(second, _PLAIN)]
    kind = "TIFF, several pages"
    yield Case(kind, "pages.tif", assemble(several), first, representative=True)
    numbered = [
        one.changed({254: (LONG, [2]), 297: (SHORT, [number, 2])}) for number, one in enumerate(several)
    ]
    yield Case(kind, "pages-numbered.tif", assemble(numbered), first)
    other = directory(grey(), _PLAIN)
    yield Case(kind, "pages-first-grey.tif", assemble([other, several[1]]), grey(warns=True))
    only = directory(rgb(), _PLAIN, _REDUCED)
    yield Case(
        "TIFF, nothing but a reduced copy", "only-small.tif", assemble([only]), rgb(shape=Shape.UNCLEAR)
    )


def _links() -> Iterator[Case]:
    kind = "TIFF, links to nowhere"
    truth = rgb(shape=Shape.ODD)
    page = directory(truth, _PLAIN)
    yield Case(kind, "circle.tif", assemble([page], last_link=-1), truth, representative=True)
    yield Case(kind, "circle-two.tif", assemble([page, page], last_link=-1), truth)
    yield Case(kind, "nowhere.tif", assemble([page], last_link=_FAR), truth, representative=True)
    yield Case(kind, "nowhere-big.tif", assemble([page], last_link=_FAR, big=True), truth)
    yield Case(kind, "nowhere-exif.tif", assemble([page.changed({34665: (LONG, [_FAR])})]), truth)
    yield Case(kind, "nowhere-child.tif", assemble([page.changed({330: (LONG, [_FAR])})]), truth)
    yield Case(kind, "nonsense.tif", assemble([page], last_link=9), changed(truth, shape=Shape.UNCLEAR))


def _odd_tags() -> Iterator[Case]:
    odd = "TIFF, unusual tags"
    three, one, two = (truth_of(shape=Shape.ODD) for truth_of in (rgb, grey, bilevel))
    changes: dict[str, tuple[Truth, Tags]] = {
        "one-bits-for-all": (three, {258: (SHORT, [8])}),
        "no-samples-grey": (one, {277: None}),
        "no-bits-bilevel": (two, {258: None, 277: None}),
        "no-compression": (three, {259: None}),
        "no-planar": (three, {284: None}),
        "turn-long": (changed(three, orientation=6), {274: (LONG, [6])}),
        "own-tag": (three, {65000: (ASCII, b"a scanner's own\0")}),
        "empty-profile": (three, {34675: (UNDEFINED, b"")}),
        "empty-text": (three, {270: (ASCII, b"")}),
        "sample-format-one": (three, {339: (SHORT, [1])}),
        "sample-format-void": (three, {339: (SHORT, [4, 4, 4])}),
        "xmp-turned": (three, {700: (BYTE, XMP)}),
        "xmp-contradicts": (changed(three, orientation=6), {700: (BYTE, XMP)}),
        "bits-as-long": (three, {258: (LONG, [8, 8, 8])}),
        "predictor-one": (three, {317: (SHORT, [1])}),
        "extra-none": (three, {338: (SHORT, [])}),
    }
    for name, (truth, tags) in changes.items():
        chosen = name.startswith("xmp") or name == "one-bits-for-all"
        yield tif(odd, name, truth, None, tags, representative=chosen)
    unclear = "TIFF, tags that leave it open"
    doubtful: dict[str, Tags] = {
        "no-samples-rgb": {277: None},
        "width-byte": {256: (BYTE, [37]), 257: (BYTE, [23])},
        "no-photometric": {262: None},
        "rows-per-strip-zero": {278: (LONG, [0])},
        "unequal-bits": {258: (SHORT, [8, 8, 6])},
    }
    for name, tags in doubtful.items():
        yield tif(unclear, name, rgb(shape=Shape.UNCLEAR), None, tags)
