"""What the tags of one image say, as the profile and the report need it. Decodes nothing."""

from dataclasses import dataclass
from typing import Final

import tifffile

from taskmanager_plugin_runner.plugins.pictures.facts import profile_name
from taskmanager_plugin_runner.plugins.pictures.file_formats import tiff

REQUIRED: Final = {256: "ImageWidth", 257: "ImageLength", 262: "PhotometricInterpretation"}
STRIPS: Final = {273: "StripOffsets", 279: "StripByteCounts"}
TILES: Final = {324: "TileOffsets", 325: "TileByteCounts"}
_COMPRESSION, _PHOTOMETRIC, _ORIENTATION, _DATE = 259, 262, 274, 306

COMPRESSIONS: Final = {
    1: "none",
    2: "ccitt-rle",
    3: "fax3",
    4: "fax4",
    5: "lzw",
    6: "old-jpeg",
    7: "jpeg",
    8: "deflate",
    32773: "packbits",
    32946: "deflate",
    34712: "jpeg2000",
    34925: "lzma",
    50000: "zstd",
    50001: "webp",
}
"""By the value of Compression; 32946 is the older number of the same."""
PHOTOMETRICS: Final = {
    0: "white-is-zero",
    1: "black-is-zero",
    2: "rgb",
    3: "palette",
    4: "mask",
    5: "cmyk",
    6: "ycbcr",
    8: "cielab",
    9: "icclab",
}
"""By the value of PhotometricInterpretation."""


@dataclass(frozen=True, slots=True)
class ImageTags:
    """One image: sizes in pixels, bits of each sample, resolution in dots per inch, tags by number."""

    width: int
    height: int
    samples: int
    bits: tuple[int, ...]
    compression: int
    photometric: int
    orientation: int
    dots_per_inch: tuple[float, float] | None
    icc_name: str | None
    date: str
    present: frozenset[int]

    @property
    def compression_name(self) -> str:
        """As profiles call it; the number if it has no name here."""
        return COMPRESSIONS.get(self.compression, str(self.compression))

    @property
    def photometric_name(self) -> str:
        """As profiles call it; the number if it has no name here."""
        return PHOTOMETRICS.get(self.photometric, str(self.photometric))


def tags_of(page: tifffile.TiffPage) -> ImageTags:
    """What the tags say; raises the errors of `tiff.UNREADABLE` if a value makes no sense."""
    icc, bits = tiff.icc_of(page), page.bitspersample
    date = page.tags.get(_DATE)
    return ImageTags(
        width=page.imagewidth,
        height=page.imagelength,
        samples=page.samplesperpixel,
        bits=tuple(bits) if isinstance(bits, tuple) else (int(bits),) * max(1, page.samplesperpixel),
        compression=tiff.number_of(page, _COMPRESSION, 1),
        photometric=tiff.number_of(page, _PHOTOMETRIC, -1),
        orientation=tiff.number_of(page, _ORIENTATION, 1),
        dots_per_inch=tiff.resolution_of(page),
        icc_name=profile_name(icc) if icc else None,
        date=str(date.value).strip("\0 ") if date is not None else "",
        present=frozenset(tag.code for tag in page.tags),
    )
