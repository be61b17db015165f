"""Computes the right result for a drawn file: the rules of docs/images.md as arithmetic. Uses no reader."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from tests.images import colours
from tests.images.pictures import Array
from tests.images.targets import Target
from tests.images.truth import Colour, Extra, Numbers, Shape, Truth

BITS_MAX: Final = 16
_ROUGH: Final = 45.0
"""CMYK without a profile, which every reader interprets differently; in levels of 255."""
_ROUNDING: Final = 1.0
_CONVERSION: Final = 2.5
_RATE: Final = 5.0
_TURNED: Final = frozenset({5, 6, 7, 8})
_OPAQUE: Final = (Extra.ASSOCIATED, Extra.UNASSOCIATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """The right result. `pixels` go from 0 to 1, with the alpha channel last if it has one.

    `bits` None allows 8 and 16. `tolerance` is the mean difference allowed in levels of 255, beside what JPEG
    loses; 0 stands for equality of every sample, up to `slack` where samples had to be scaled. `profile`
    None means none, or one that is sRGB itself where `srgb` allows it. `warns` None leaves
    it open whether the log has a warning.
    """

    pixels: Array
    bits: int | None = 8
    alpha: Extra | None = None
    tolerance: float = 0.0
    slack: int = 0
    profile: bytes | None = None
    srgb: bool = True
    resolution: tuple[float, float] | None = None
    warns: bool | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The job must fail; its error names the file and matches `reason`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Either:
    """Refused, or done correctly."""

    right: Right
    reason: str


Expectation = Right | Refused | Either


def expect(truth: Truth, target: Target) -> Expectation:
    """The right outcome for a picture stored as described by `truth`."""
    if truth.shape is Shape.BROKEN:
        return Refused(truth.reason)
    if target.plugin == "jp2" and (reason := _refusal(truth, target)):
        return Refused(reason if truth.known_by_jp2 else truth.reason)
    right = _derivative(truth, target) if target.plugin == "shell" else _master(truth, target)
    right = replace(right, pixels=upright(right.pixels, truth.orientation), size=target.size)
    if truth.orientation in _TURNED and right.resolution is not None:
        right = replace(right, resolution=(right.resolution[1], right.resolution[0]))
    unclear = truth.shape is Shape.UNCLEAR or (target.plugin == "jp2" and _may_be_refused(truth, target))
    return Either(right, truth.reason) if unclear else right


def _may_be_refused(truth: Truth, target: Target) -> bool:
    """Profiles with tables, JPEG 2000 as a source, and depths that few readers know."""
    table = b"A2B0" in (truth.profile or b"") and truth.colour in {Colour.GREY, Colour.RGB}
    deep = target.template.endswith("-ht") and truth.bits not in {8, BITS_MAX}
    return table or deep or _deep(truth) or not truth.known_by_jp2


def upright(pixels: Array, orientation: int) -> Array:
    """The picture as it is meant to be seen (TIFF 6.0, Orientation: where row 0 and column 0 lie)."""
    return {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, 1),
    }[orientation](pixels)


def units(truth: Truth) -> Array:
    """All channels from 0 (black) to 1, with the palette applied and min-is-white inverted."""
    values = truth.samples
    if truth.palette is not None:
        entries, bits = palette_entries(truth.palette)
        return entries[values[..., 0].astype(np.int64)] / (2**bits - 1)
    if truth.numbers is Numbers.FLOAT:
        scaled = _stretched(values.astype(np.float64))
    elif truth.numbers is Numbers.SIGNED:
        scaled = (values.astype(np.float64) + 2.0 ** (truth.bits - 1)) / (2.0**truth.bits - 1)
    else:
        scaled = values.astype(np.float64) / (2.0**truth.bits - 1)
    return 1 - scaled if truth.inverted else scaled


def _stretched(values: Array) -> Array:
    """Floats from 0 to 1 unchanged, others from lowest to highest; NaN is black."""
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    if low < 0 or high > 1:
        values = (values - low) / ((high - low) or 1)
    return np.clip(np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0), 0, 1)


def palette_entries(palette: Array) -> tuple[Array, int]:
    """The entries and their bits: 8 where all of them are 8 bits written as 16 (times 257, or times 256)."""
    for factor in (257, 256):
        if not np.any(palette % factor):
            return palette // factor, 8
    return palette, BITS_MAX


def _refusal(truth: Truth, target: Target) -> str | None:
    """Why a JP2 cannot hold this picture unchanged; None if it can, or the job allows a conversion."""
    if target.converts or target.lossy:
        return None
    if _deep(truth):
        return r"bit|signed|float"
    if truth.colour in {Colour.CMYK, Colour.LAB} or (truth.colour is Colour.YCBCR and not truth.lossy_ycbcr):
        return r"(?i)cmyk|lab|ycbcr|convert"
    return r"(?i)extra|channel|sample|convert" if Extra.UNSPECIFIED in truth.extra else None


def _deep(truth: Truth) -> bool:
    """More than a JP2 can hold unchanged."""
    return truth.bits > BITS_MAX or truth.numbers is not Numbers.UNSIGNED


def _warns(truth: Truth, target: Target) -> bool | None:
    if truth.warns is not None:
        return truth.warns
    plain = replace(target, parameters={}, lossy=False)
    converted = target.converts and _refusal(truth, plain) is not None
    return True if _deep(truth) or converted or Extra.UNSPECIFIED in truth.extra else None


def _parts(truth: Truth) -> tuple[Array, Array | None, Extra | None]:
    """Colours, alpha and what kind of alpha it is; a second alpha counts as unspecified."""
    values = units(truth)
    count = values.shape[-1] - len(truth.extra)
    for at, kind in enumerate(truth.extra):
        if kind in _OPAQUE:
            return values[..., :count], values[..., [count + at]], kind
    return values[..., :count], None, None


def as_srgb(truth: Truth, values: Array) -> tuple[Array, float, bool]:
    """Colours as grey or RGB, how far readers may differ, and whether the file's own profile was used up."""
    fits = colours.space_of(truth.profile)
    if truth.colour is Colour.CMYK:
        if truth.profile is not None and fits == "CMYK":
            return colours.through_profile(values, truth.profile), _CONVERSION, True
        return colours.cmyk_to_rgb(values), _ROUGH, True
    if truth.colour is Colour.LAB:
        return colours.lab_to_srgb(lab_of(truth, truth.samples.astype(np.float64))), _CONVERSION, True
    if truth.colour is Colour.YCBCR:
        return colours.ycbcr_to_rgb(values), _ROUNDING, False
    return values, 0.0, False


def lab_of(truth: Truth, samples: Array) -> Array:
    """Stored CIELab as L* of 100, a* and b* (TIFF 6.0, section 23), a* and b* signed."""
    step = 2.0 ** (truth.bits - 8)
    lightness = samples[..., 0] * 100 / (2.0**truth.bits - 1)
    return np.stack([lightness, samples[..., 1] / step, samples[..., 2] / step], axis=-1)


def _fitting(truth: Truth) -> bytes | None:
    """The profile, if it is one for what the picture is."""
    wanted = "GRAY" if truth.colour is Colour.GREY and truth.palette is None else "RGB "
    return truth.profile if colours.space_of(truth.profile) == wanted else None


def _derivative(truth: Truth, target: Target) -> Right:
    values, alpha, kind = _parts(truth)
    pixels, tolerance, used = as_srgb(truth, values)
    profile = None if used else _fitting(truth)
    if truth.gamma is not None and profile is None:
        pixels, tolerance = colours.gamma_to_srgb(pixels, truth.gamma), _CONVERSION
    if profile is not None and not target.keeps_profile:
        pixels, tolerance, profile = colours.through_profile(pixels, profile), _CONVERSION, None
    if alpha is not None:
        pixels = pixels * (1 if kind is Extra.ASSOCIATED else alpha) + 1 - alpha
        tolerance += _ROUNDING if kind is Extra.UNASSOCIATED else 2 * _ROUNDING
    return Right(
        pixels=np.clip(pixels, 0, 1),
        tolerance=_ROUNDING + tolerance + truth.loss,
        profile=profile,
        srgb=target.keeps_profile,
        resolution=truth.resolution if target.keeps_profile else None,
        warns=_warns(truth, target),
    )


def _master(truth: Truth, target: Target) -> Right:
    values, alpha, kind = _parts(truth)
    pixels, tolerance, used = as_srgb(truth, values)
    profile = None if used else _fitting(truth)
    table = profile is not None and b"A2B0" in profile
    bits: int | None = max(8, truth.bits)
    if truth.palette is not None:
        bits = palette_entries(truth.palette)[1]
    if used or truth.colour is Colour.YCBCR or _deep(truth):
        bits = 8 if truth.bits <= 8 and truth.numbers is Numbers.UNSIGNED else None
        tolerance += _ROUNDING
    if alpha is not None:
        pixels = np.concatenate([pixels, alpha], axis=-1)
    lossy = _RATE if target.lossy else 0.0
    return Right(
        pixels=np.clip(pixels, 0, 1),
        bits=bits,
        alpha=kind,
        tolerance=tolerance + truth.loss + lossy,
        slack=int(truth.palette is None and truth.bits < 8),
        profile=None if table else profile,
        resolution=truth.resolution,
        warns=True if table else _warns(truth, target),
    )
