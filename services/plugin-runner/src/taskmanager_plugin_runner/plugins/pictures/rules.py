"""What a picture may become: pure decisions on facts; `docs/images.md` explains them."""

from typing import Final

from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures.facts import Colour, PictureFacts, SampleFormat

JPEG_2000_BITS_MAX: Final = 16
"""Bits per sample: what JPEG 2000 readers in libraries can be trusted with (the standard allows 38)."""
_BYTE: Final = 8
_JPEG_CODED: Final = frozenset({"jpeg", "ojpeg"})


def lossless_obstacle(facts: PictureFacts) -> str | None:
    """Why a picture cannot become a lossless JPEG 2000 file as it is; None if it can.

    All obstacles can be overcome by a conversion that is not lossless (`convert`).
    """
    return _range_obstacle(facts) or _colour_obstacle(facts)


def _range_obstacle(facts: PictureFacts) -> str | None:
    if facts.sample_format is not SampleFormat.UNSIGNED:
        return picture_texts.SAMPLES_NO_INTEGERS(kind=facts.sample_format.words)
    if facts.bits > JPEG_2000_BITS_MAX:
        return picture_texts.TOO_MANY_BITS(bits=facts.bits, most=JPEG_2000_BITS_MAX)
    return None


def _colour_obstacle(facts: PictureFacts) -> str | None:
    if facts.colour in {Colour.CMYK, Colour.LAB}:
        return picture_texts.NEEDS_SRGB(colour=facts.colour.words)
    if facts.colour is Colour.YCBCR and facts.compression not in _JPEG_CODED:
        return picture_texts.NEEDS_RGB()
    if facts.unspecified:
        return picture_texts.WOULD_LOSE_SAMPLES(number=facts.unspecified)
    return None


def refusal(facts: PictureFacts, *, convert: bool) -> str | None:
    """The sentence that ends a lossless job, with advice; None if the picture is accepted."""
    return refused(lossless_obstacle(facts), convert=convert)


def refused(obstacle: str | None, *, convert: bool) -> str | None:
    """The same for an obstacle that is already known."""
    if obstacle is None or convert:
        return None
    return picture_texts.NOT_LOSSLESS_AS_IS(obstacle=obstacle)


def jpeg_2000_bits(facts: PictureFacts) -> int:
    """Bits per sample of a JPEG 2000 result: 8 to 16 as in the source, and 8 if that has fewer."""
    if facts.sample_format is not SampleFormat.UNSIGNED or facts.colour is Colour.LAB:
        return _BYTE if facts.bits <= _BYTE else JPEG_2000_BITS_MAX
    return min(max(facts.bits, _BYTE), JPEG_2000_BITS_MAX)
