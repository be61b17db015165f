"""Decides how an image gets into opj_compress: as it is, or by way of ImageMagick. Knows no job.

opj_compress 2.5.0 was measured against other readers. What it refuses would only cost time; what it reads
wrongly without a word is the reason for this module: interlaced PNG, PNG with gAMA or sRGB (it applies the
gamma to the pixels), samples of less than 8 bits, and any orientation. It reads no JPEG, no bilevel,
tiled, planar, palette, YCbCr or CMYK TIFF, and no TIFF without the tag SamplesPerPixel.
"""

from pathlib import Path
from typing import Final

from taskmanager_plugin_runner.plugins.images import ImageFacts

_PHOTOMETRIC, _SAMPLES, _PLANAR, _TILE_WIDTH, _EXTRA, _SAMPLE_FORMAT, _COMPRESSION = (
    262,
    277,
    284,
    322,
    338,
    339,
    259,
)
_BITS: Final = 258
_STRAIGHT_PHOTOMETRIC: Final = {1: (1, 2), 2: (3, 4)}
"""Black is zero, and RGB, with the samples they may have."""
_STRAIGHT_COMPRESSION: Final = frozenset({1, 5, 7, 8, 32773, 32946})
_UNASSOCIATED_ALPHA: Final = (2,)
_PNG_HEADER_BYTES: Final = 29
_PALETTE: Final = 3


def goes_straight(path: Path, format_name: str, facts: ImageFacts) -> bool:
    """Whether opj_compress reads this file correctly by itself."""
    if format_name == "tiff":
        return _tiff_goes_straight(facts)
    return format_name == "png" and _png_goes_straight(path, facts)


def _tiff_goes_straight(facts: ImageFacts) -> bool:
    tags = facts.tags
    samples = tags.get(_SAMPLES)
    allowed = _STRAIGHT_PHOTOMETRIC.get(tags.get(_PHOTOMETRIC, -1), ())
    alpha = tuple(tags.get(_EXTRA, ())) if samples in {2, 4} else _UNASSOCIATED_ALPHA
    return (
        samples in allowed
        and alpha == _UNASSOCIATED_ALPHA
        and set(tags.get(_BITS, ())) in ({8}, {16})
        and set(tags.get(_SAMPLE_FORMAT, (1,))) == {1}
        and tags.get(_COMPRESSION, 1) in _STRAIGHT_COMPRESSION
        and tags.get(_PLANAR, 1) == 1
        and _TILE_WIDTH not in tags
        and facts.orientation == 1
    )


def _png_goes_straight(path: Path, facts: ImageFacts) -> bool:
    with path.open("rb") as file:
        header = file.read(_PNG_HEADER_BYTES)
    bits, colour_type, interlace = header[24], header[25], header[28]
    keyed = "transparency" in facts.traits and colour_type != _PALETTE
    return bits in {8, 16} and not interlace and not keyed and not {"gamma", "srgb"} & facts.traits.keys()


def intermediate(facts: ImageFacts, format_name: str, image: Path, result: Path) -> list[str]:
    """ImageMagick's words that turn any image into a TIFF that goes straight, without loss.

    What is neither grey nor RGB (CMYK, Lab) becomes sRGB; a profile is put back by the caller, where it fits.
    """
    kind = ("Grayscale" if facts.grey else "TrueColor") + ("Matte" if facts.alpha else "")
    space = [] if keeps_colours(facts) else ["-colorspace", "sRGB"]
    depth = "8" if facts.bits <= 8 else "16"  # noqa: PLR2004 - a byte
    words = ["magick", f"{format_name}:{image}[0]", "-auto-orient", *space, "-type", kind, "-depth", depth]
    return [*words, "-define", "tiff:alpha=unassociated", "-compress", "None", f"tiff:{result}"]


def keeps_colours(facts: ImageFacts) -> bool:
    """Grey and RGB stay what they are, and so does their profile."""
    return facts.grey or facts.mode in {"RGB", "RGBA", "RGBX", "P", "PA"}
