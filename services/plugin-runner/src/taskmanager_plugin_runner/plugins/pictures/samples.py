"""Arithmetic on samples: rotating, scaling to another bit depth, and mapping samples without a natural range.

Arrays are height x width x channels. Runs in a child process.
"""

from typing import Any, Final

import numpy as np
import pyvips
from numpy.typing import NDArray

from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures.facts import Alpha, PictureFacts, SampleFormat

BYTE_MAX: Final = 255
_BYTE_BITS, _SHORT_BITS = 8, 16
_REC_601: Final = (0.299, 0.587, 0.114)
"""Luma coefficients if a file gives none (TIFF 6.0, YCbCrCoefficients; JFIF)."""


def array_of(image: "pyvips.Image") -> NDArray[Any]:
    """The pixels of a libvips image, height x width x bands; decodes it now."""
    found: NDArray[Any] = image.numpy()
    shaped: NDArray[Any] = found.reshape(image.height, image.width, image.bands)
    return shaped


def first_channels(pixels: NDArray[Any], count: int) -> NDArray[Any]:
    """The first channels only, copied by libvips, which is several times as fast as numpy here."""
    if pixels.shape[2] == count:
        return pixels
    if pixels.dtype not in {np.dtype(np.uint8), np.dtype(np.uint16)}:
        return pixels[..., :count]
    return array_of(pyvips.Image.new_from_array(np.ascontiguousarray(pixels)).extract_band(0, n=count))


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Apply an orientation (TIFF 6.0, page 36: where row 0 and column 0 are seen); returns a view."""
    if orientation in {5, 6, 7, 8}:
        pixels = pixels.swapaxes(0, 1)
    down = orientation in {3, 4, 7, 8}
    left = orientation in {2, 3, 6, 7}
    return pixels[:: -1 if down else 1, :: -1 if left else 1]


def inverted(values: NDArray[Any], facts: PictureFacts) -> NDArray[Any]:
    """Samples with white as zero converted to black as zero."""
    if facts.sample_format is SampleFormat.FLOAT:
        return 1 - values
    if facts.sample_format is SampleFormat.SIGNED:
        return ~values
    return values.dtype.type(2**facts.bits - 1) - values


def rgb_of_ycbcr(
    values: NDArray[Any],
    coefficients: tuple[float, float, float] | None = None,
    reference: tuple[float, ...] | None = None,
) -> NDArray[Any]:
    """8-bit RGB from 8-bit YCbCr; `coefficients`, `reference` black and white as in TIFF 6.0, section 21."""
    red, green, blue = coefficients or _REC_601
    black_white = reference or (0, 255, 128, 255, 128, 255)
    scaled = values.astype(np.float32)
    luma = (scaled[..., 0] - black_white[0]) * (255 / ((black_white[1] - black_white[0]) or 255))
    cb = (scaled[..., 1] - black_white[2]) * (127 / ((black_white[3] - black_white[2]) or 127))
    cr = (scaled[..., 2] - black_white[4]) * (127 / ((black_white[5] - black_white[4]) or 127))
    r = luma + cr * (2 - 2 * red)
    b = luma + cb * (2 - 2 * blue)
    g = (luma - red * r - blue * b) / (green or 1)
    return np.clip(np.rint(np.dstack([r, g, b])), 0, BYTE_MAX).astype(np.uint8)


def scaled(values: NDArray[Any], bits: int, wanted: int) -> NDArray[Any]:
    """Unsigned samples of `bits` scaled to `wanted` bits (8 or 16) by the full range: maximum to maximum."""
    kind = np.uint8 if wanted == _BYTE_BITS else np.uint16
    if bits == wanted:
        return values.astype(kind, copy=False)
    most, target = 2**bits - 1, 2**wanted - 1
    if target % most == 0:
        factor = np.array(target // most, kind)
        return np.multiply(values.astype(kind, copy=False), factor)
    if bits <= _SHORT_BITS:
        steps = np.arange(most + 1, dtype=np.uint64)
        table = ((steps * target + most // 2) // most).astype(kind)
        return table[values] if values.max(initial=0) <= most else table[np.minimum(values, most)]
    return np.rint(values.astype(np.float64) * (target / most)).astype(kind)


def displayable(values: NDArray[Any], facts: PictureFacts, wanted: int) -> tuple[NDArray[Any], str | None]:
    """Any samples as unsigned ones of `wanted` bits, and a sentence with the rule used, if that is lossy.

    Unsigned and signed integers: the full range of the format. Floating point: 0 to 1 if all values lie in
    that range, otherwise from the lowest to the highest value of this picture.
    """
    if facts.sample_format is SampleFormat.FLOAT:
        return _of_float(values, facts, wanted)
    if facts.sample_format is SampleFormat.SIGNED:
        unsigned = values.astype(np.int64) + 2 ** (facts.bits - 1)
        return scaled(unsigned.astype(np.uint64), facts.bits, wanted), picture_texts.SIGNED_SCALED(
            bits=facts.bits, wanted=wanted
        )
    if facts.bits > _SHORT_BITS:
        return scaled(values, facts.bits, wanted), picture_texts.SCALED(bits=facts.bits, wanted=wanted)
    return scaled(values, facts.bits, wanted), None


def _of_float(values: NDArray[Any], facts: PictureFacts, wanted: int) -> tuple[NDArray[Any], str]:
    wide = values.astype(np.float64)
    finite = np.isfinite(wide)
    lowest, highest = (float(wide[finite].min()), float(wide[finite].max())) if finite.any() else (0.0, 1.0)
    in_range = lowest >= 0 and highest <= 1
    low, high = (0.0, 1.0) if in_range else (lowest, highest)
    with np.errstate(invalid="ignore", over="ignore"):
        stretched = (wide - low) / ((high - low) or 1.0)
    stretched = np.clip(np.nan_to_num(stretched, nan=0.0, posinf=1.0, neginf=0.0), 0, 1)
    most = 2**wanted - 1
    kind = np.uint8 if wanted == _BYTE_BITS else np.uint16
    if in_range:
        said = picture_texts.FLOATS_FROM_0_TO_1(bits=facts.bits, wanted=wanted)
    else:
        said = picture_texts.FLOATS_STRETCHED(
            bits=facts.bits, low=f"{low:g}", high=f"{high:g}", wanted=wanted
        )
    return np.rint(stretched * most).astype(kind), said


def is_opaque(alpha: NDArray[Any]) -> bool:
    """Whether 8-bit alpha is fully opaque everywhere."""
    return bool((alpha == BYTE_MAX).all())


def flattened(pixels: NDArray[Any], background: tuple[int, int, int]) -> NDArray[Any]:
    """8-bit pixels whose last channel is unassociated alpha, composited over a background by libvips."""
    colours = pixels.shape[2] - 1
    if is_opaque(pixels[..., -1]):
        return first_channels(pixels, colours)
    image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels))
    return array_of(image.flatten(background=list(background[:colours])))


def over(
    colours: NDArray[Any], alpha: NDArray[Any], kind: Alpha, background: tuple[int, int, int]
) -> NDArray[Any]:
    """8-bit colours composited over a background; in `alpha`, 0 is transparent and 255 opaque."""
    if is_opaque(alpha):
        return colours
    opacity = (alpha.astype(np.float32) / BYTE_MAX)[..., None]
    tint = background if colours.shape[2] == len(background) else background[:1]
    behind = np.asarray(tint, dtype=np.float32) * (1 - opacity)
    own = colours.astype(np.float32) * (opacity if kind is Alpha.UNASSOCIATED else 1.0)
    return np.clip(np.rint(own + behind), 0, BYTE_MAX).astype(np.uint8)
