"""How much memory a picture will need, estimated from its header alone, and how much one may use."""

import os
from typing import Final

from taskmanager.errors import JobFailedError, PermanentError
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures.facts import Colour, PictureFacts, SampleFormat
from taskmanager_plugin_runner.system.memory import PICTURE_MEMORY, for_pictures, size_words

BASE_BYTES: Final = 256 * 1024 * 1024
"""Address space a child process needs besides its picture: libraries, threads, buffers."""
_SHORT_BITS: Final = 16
_SCREEN_BYTES: Final = 2
"""Per sample of the converted copy and its buffers."""
OPENJPEG_BYTES: Final = 5
"""Per sample in OpenJPEG: four bytes, plus the codestream."""


def allowed() -> int:
    """Bytes one picture may use: the setting, or half of what this machine (or container) has.

    Raises PermanentError if the setting is not a positive number.
    """
    text = os.environ.get(PICTURE_MEMORY, "")
    if not text:
        return for_pictures()
    try:
        megabytes = int(text)
    except ValueError as error:
        raise PermanentError(f"{PICTURE_MEMORY} is {text!r}; it must be a number of megabytes") from error
    if megabytes <= 0:
        raise PermanentError(f"{PICTURE_MEMORY} is {megabytes}; it must be a number of megabytes above 0")
    return megabytes * 1_000_000


def estimate(facts: PictureFacts, *, compressing: bool) -> int:
    """Bytes at the peak: decoded, rotated, converted; with `compressing`, in OpenJPEG as well."""
    stored = -(-facts.bits // 8) if facts.bits <= 8 or facts.bits > 16 else 2  # noqa: PLR2004 - bytes and shorts
    needs_floats = (
        facts.sample_format is SampleFormat.FLOAT
        or facts.bits > _SHORT_BITS
        or facts.colour in {Colour.LAB, Colour.YCBCR}
    )
    channels = 3 if facts.colour is Colour.PALETTE else facts.samples
    decoded = stored + (16 if needs_floats else 0)
    copied = stored if facts.orientation != 1 or facts.alpha or facts.planar else 0
    work = OPENJPEG_BYTES + stored if compressing else _SCREEN_BYTES
    return BASE_BYTES + facts.pixels * channels * (decoded + copied + work)


def require_room(facts: PictureFacts, needed: int, most: int) -> None:
    """Raise JobFailedError with the figures if a picture would need more than it may use."""
    if needed > most:
        width, height = facts.stored
        raise JobFailedError(
            picture_texts.TOO_MUCH_MEMORY(
                width=f"{width:,}",
                height=f"{height:,}",
                samples=facts.samples,
                needed=size_words(needed),
                setting=PICTURE_MEMORY,
                most=size_words(most),
            )
        )
