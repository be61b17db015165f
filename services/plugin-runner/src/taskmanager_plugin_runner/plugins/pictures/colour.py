"""From a picture's colours to those of a screen: sRGB or grey with 8 or 16 bits, using its profile.

Colour management is done by LittleCMS, through libvips: relative colorimetric with black point compensation.
Runs in a child process.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyvips
from numpy.typing import NDArray

from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures import samples
from taskmanager_plugin_runner.plugins.pictures.decoding import Picture
from taskmanager_plugin_runner.plugins.pictures.facts import (
    COLOUR_SAMPLES,
    Alpha,
    Colour,
    PictureFacts,
    SampleFormat,
    profile_name,
)

CMYK_DEFAULT: Final = "Chemical proof"
"""The profile for CMYK without one: by Graeme W. Gill, in the public domain, part of libvips (`cmyk`)."""
_SPACES: Final = {Colour.GREY: b"GRAY", Colour.RGB: b"RGB ", Colour.CMYK: b"CMYK"}
_INTERPRETATIONS: Final = {
    (Colour.GREY, 8): "b-w",
    (Colour.GREY, 16): "grey16",
    (Colour.RGB, 8): "srgb",
    (Colour.RGB, 16): "rgb16",
    (Colour.CMYK, 8): "cmyk",
    (Colour.CMYK, 16): "cmyk",
}
_ICC_HEADER_BYTES: Final = 132
_SRGB_GAMMA: Final = 0.45455
_SAME_GAMMA: Final = 0.02
_SRGB_LINEAR: Final = 0.0031308
"""Up to this value the sRGB curve is linear (IEC 61966-2-1)."""
_SRGB_TOLERANCE: Final = 2
"""Out of 255: a profile that changes no colour by more than this counts as sRGB."""


def profile_space(icc: bytes | None) -> bytes | None:
    """The colour space a profile is for (ICC.1, 7.2.6), or None if the profile is unusable."""
    if icc is None or len(icc) < _ICC_HEADER_BYTES or icc[36:40] != b"acsp":
        return None
    return icc[16:20] if int.from_bytes(icc[:4]) <= len(icc) and _opens(icc) else None


@lru_cache(maxsize=8)
def _opens(icc: bytes) -> bool:
    """Whether LittleCMS can convert with it."""
    space = icc[16:20]
    colour = next((colour for colour, name in _SPACES.items() if name == space), None)
    if colour is None:
        return False
    try:
        _through(np.zeros((1, 1, COLOUR_SAMPLES[colour]), np.uint8), colour, icc)
    except pyvips.Error:
        return False
    return True


def fits(icc: bytes | None, colour: Colour) -> bool:
    """Whether a profile is for these colour components."""
    return icc is not None and profile_space(icc) == _SPACES.get(colour)


def to_screen(
    picture: Picture, *, bits: int, keep_profile: bool, background: tuple[int, int, int] | None
) -> Picture:
    """Grey or RGB, unsigned, `bits` (8 or 16) per sample; samples not declared as alpha are left out.

    Alpha is composited over `background`, or kept if that is None. With `keep_profile`, a profile that fits
    grey or RGB stays with the picture and its colours stay unchanged; otherwise the colours are converted to
    sRGB before the profile is dropped. The notes say what else was done.
    """
    if background is not None and _is_plain_with_alpha(picture.facts):
        flat = samples.flattened(picture.samples, background)
        picture = Picture(flat, replace(picture.facts, alpha=None, samples=flat.shape[2]))
    facts = picture.facts
    count = COLOUR_SAMPLES[facts.colour]
    colours = samples.first_channels(picture.samples, count)
    alpha = picture.samples[..., count] if facts.alpha else None
    notes = left_out(facts)
    shown, icc = _shown(colours, facts, bits, keep_profile=keep_profile, notes=notes)
    if alpha is not None:
        shown, kept = _with_alpha(shown, alpha, facts, bits, background)
    else:
        kept = False
    made = replace(
        facts,
        colour=Colour.GREY if facts.grey else Colour.RGB,
        samples=shown.shape[2],
        bits=bits,
        sample_format=SampleFormat.UNSIGNED,
        alpha=facts.alpha if kept else None,
        unspecified=0,
        icc=icc,
        gamma=None,
        notes=(*facts.notes, *notes),
    )
    return Picture(shown, made)


def left_out(facts: PictureFacts) -> list[str]:
    """The note about unspecified samples, if there are any."""
    if not facts.unspecified:
        return []
    return [picture_texts.SAMPLES_LEFT_OUT(number=facts.unspecified)]


def _is_plain_with_alpha(facts: PictureFacts) -> bool:
    """Whether libvips can flatten the samples as they are: 8 bits, nothing after alpha."""
    plain = facts.bits == 8 and facts.sample_format is SampleFormat.UNSIGNED  # noqa: PLR2004 - a byte
    simple = facts.colour in {Colour.GREY, Colour.RGB} and not facts.unspecified
    return plain and simple and facts.alpha is Alpha.UNASSOCIATED


def _with_alpha(
    shown: NDArray[Any],
    alpha: NDArray[Any],
    facts: PictureFacts,
    bits: int,
    background: tuple[int, int, int] | None,
) -> tuple[NDArray[Any], bool]:
    if background is None:
        return np.dstack([shown, samples.displayable(alpha, facts, bits)[0]]), True
    assert facts.alpha is not None  # noqa: S101 - the caller has looked
    flat = samples.over(shown, samples.displayable(alpha, facts, 8)[0], facts.alpha, background)
    return flat, False


def _shown(
    colours: NDArray[Any], facts: PictureFacts, bits: int, *, keep_profile: bool, notes: list[str]
) -> tuple[NDArray[Any], bytes | None]:
    if facts.colour is Colour.LAB:
        notes.append(picture_texts.LAB_CONVERTED())
        return _of_lab(colours, bits), None
    if facts.colour is Colour.CMYK:
        return _of_cmyk(colours, facts, bits, notes), None
    icc = _fitting(facts, notes)
    if icc is None or keep_profile:
        values, said = samples.displayable(colours, facts, bits)
        notes.extend([said] if said else [])
        return (values if icc else _without_gamma(values, facts, notes)), icc
    if facts.colour in {Colour.GREY, Colour.RGB} and is_srgb(icc):
        values, said = samples.displayable(colours, facts, bits)
        notes.extend([said] if said else [])
        return values, None
    deep = 8 if facts.bits <= 8 else 16  # noqa: PLR2004 - a byte
    values, said = samples.displayable(colours, facts, deep)
    notes.extend([said] if said else [])
    return _converted(values, facts.colour, icc, bits), None


def _fitting(facts: PictureFacts, notes: list[str]) -> bytes | None:
    """The profile if it is for these components; otherwise adds a note about why it is dropped."""
    if facts.icc is None or fits(facts.icc, facts.colour):
        return facts.icc
    space = profile_space(facts.icc)
    if space is None:
        notes.append(picture_texts.PROFILE_DAMAGED())
    else:
        notes.append(
            picture_texts.PROFILE_OF_OTHER(
                profile=profile_name(facts.icc), space=_space_words(space), colour=facts.colour.words
            )
        )
    return None


def _space_words(space: bytes) -> str:
    known = next((colour for colour, name in _SPACES.items() if name == space), None)
    return space.decode("latin-1").strip() if known is None else known.words


def _of_cmyk(colours: NDArray[Any], facts: PictureFacts, bits: int, notes: list[str]) -> NDArray[Any]:
    icc = _fitting(facts, notes)
    values, said = samples.displayable(colours, facts, 8 if facts.bits <= 8 else 16)  # noqa: PLR2004 - a byte
    notes.extend([said] if said else [])
    notes.append(
        picture_texts.CMYK_CONVERTED(profile=profile_name(icc))
        if icc
        else picture_texts.CMYK_WITHOUT_PROFILE(profile=CMYK_DEFAULT)
    )
    return _through(values, Colour.CMYK, icc, bits)


def _converted(values: NDArray[Any], colour: Colour, icc: bytes, bits: int) -> NDArray[Any]:
    made = _through(values, colour, icc, bits)
    return made[..., 1:2] if colour is Colour.GREY else made


def _image(values: NDArray[Any], interpretation: str) -> "pyvips.Image":
    plain = np.ascontiguousarray(values)
    return pyvips.Image.new_from_array(plain, interpretation=interpretation)


def _through(values: NDArray[Any], colour: Colour, icc: bytes | None, bits: int = 8) -> NDArray[Any]:
    """Convert to sRGB with a profile; raises pyvips.Error if the profile cannot be used."""
    image = _image(values, _INTERPRETATIONS[colour, 8 * values.dtype.itemsize])
    options: dict[str, Any] = {"intent": "relative", "black_point_compensation": True, "depth": bits}
    if icc is None:
        made = image.icc_transform("srgb", input_profile="cmyk", embedded=False, **options)
    else:
        named = image.copy()
        named.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
        made = named.icc_transform("srgb", embedded=True, **options)
    return samples.array_of(made)


def _of_lab(colours: NDArray[Any], bits: int) -> NDArray[Any]:
    image = _image(colours.astype(np.float32), "lab")
    made = image.icc_export(
        output_profile="srgb", intent="relative", black_point_compensation=True, depth=bits, pcs="lab"
    )
    return samples.array_of(made)


@lru_cache(maxsize=8)
def is_srgb(icc: bytes) -> bool:
    """Whether this grey or RGB profile gives colours the same meaning as sRGB."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    if profile_space(icc) == b"GRAY":
        colours, colour = steps.reshape(-1, 1, 1), Colour.GREY
    else:
        grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1)
        colours, colour = grid.reshape(-1, 1, 3), Colour.RGB
    made = _converted(colours, colour, icc, 8)
    return int(np.abs(made.astype(int) - colours.astype(int)).max()) <= _SRGB_TOLERANCE


def _without_gamma(values: NDArray[Any], facts: PictureFacts, notes: list[str]) -> NDArray[Any]:
    """Samples with a PNG's gamma converted to the sRGB curve (PNG specification, 13.13 and annex C)."""
    if facts.gamma is None or abs(facts.gamma - _SRGB_GAMMA) < _SAME_GAMMA:
        return values
    most = np.iinfo(values.dtype).max
    linear = (np.arange(int(most) + 1) / most) ** (1 / facts.gamma)
    curve = np.where(linear <= _SRGB_LINEAR, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    notes.append(picture_texts.GAMMA_CONVERTED(gamma=f"{facts.gamma:g}"))
    table: NDArray[Any] = np.rint(np.clip(curve, 0, 1) * most).astype(values.dtype)
    return table[values]
