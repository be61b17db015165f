"""The input of a JPEG 2000 file, and the proof that the file shows the same. Runs in a child process."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures import (
    colour,
    comparing,
    decoding,
    formats,
    rules,
    samples,
)
from taskmanager_plugin_runner.plugins.pictures.comparing import Reduced
from taskmanager_plugin_runner.plugins.pictures.decoding import Picture
from taskmanager_plugin_runner.plugins.pictures.facts import (
    COLOUR_SAMPLES,
    Colour,
    PictureFacts,
    profile_name,
)
from taskmanager_plugin_runner.plugins.pictures.file_formats import jpeg2000
from taskmanager_plugin_runner.plugins.pictures.file_formats.boxes import fitting_profile
from taskmanager_plugin_runner.plugins.pictures.rules import lossless_obstacle

_PLAIN_BITS: Final = frozenset({8, 16})
"""Bit depths passed to opj_compress as TIFF, which it reads faster than raw samples."""
_LOSSY_DIFFERENCE: Final = 3.0
"""Out of 255, averaged over reduced copies."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Samples in a file of their own: the input of the encoder, and the reference for its result.

    `expected` are the facts the result must have.
    """

    path: Path
    expected: PictureFacts
    seconds: float

    @property
    def input_words(self) -> list[str]:
        """The options that tell opj_compress about the input."""
        words = ["-i", str(self.path)]
        if self.expected.bits in _PLAIN_BITS:
            return words
        facts = self.expected
        return [*words, "-F", f"{facts.width},{facts.height},{facts.samples},{facts.bits},u"]


@dataclass(frozen=True, slots=True)
class Verified:
    """Facts of the result as read back from it, and its size."""

    facts: PictureFacts
    bytes: int
    seconds: float


def prepare(source: Path, facts: PictureFacts, folder: Path, *, lossless: bool, convert: bool) -> Prepared:
    """Decode, and convert where allowed or necessary; raises JobFailedError for damage.

    `convert`: a lossless result may be converted, and then says so. The caller has already decided whether
    the facts alone forbid this (`rules.refusal`); a profile that cannot be kept is noticed only here.
    """
    began = time.monotonic()
    picture = decoding.decode(source, facts)
    made = _made(picture, facts, lossless=lossless, convert=convert)
    path = _write(folder, made)
    return Prepared(path, replace(made.facts, format="jp2", compression=""), time.monotonic() - began)


def _made(picture: Picture, stored: PictureFacts, *, lossless: bool, convert: bool) -> Picture:
    """`stored` are the facts of the file: the picture may have been converted during decoding."""
    if not lossless:
        return _converted(picture)
    obstacle = lossless_obstacle(stored) or _profile_obstacle(picture.facts)
    if obstacle is None:
        return _lossless(picture)
    if refused := rules.refused(obstacle, convert=convert):
        raise JobFailedError(refused)
    return _converted(picture).noting(picture_texts.CONVERTED())


def _profile_obstacle(facts: PictureFacts) -> str | None:
    """Why colours would change, if a JP2 file cannot hold their profile; otherwise None."""
    icc = facts.icc
    if icc is None or fitting_profile(icc, grey=facts.grey) or not colour.fits(icc, facts.colour):
        return None
    if colour.is_srgb(icc):
        return None
    return picture_texts.PROFILE_NOT_IN_JP2(profile=profile_name(icc))


def _lossless(picture: Picture) -> Picture:
    """The samples unchanged; below 8 bits, scaled to the full range, which is lossless."""
    facts = picture.facts
    bits = rules.jpeg_2000_bits(facts)
    values = samples.scaled(picture.samples, facts.bits, bits)
    icc, notes = _profile(facts)
    return Picture(values, replace(facts, bits=bits, icc=icc, gamma=None)).noting(*notes)


def _profile(facts: PictureFacts) -> tuple[bytes | None, list[str]]:
    """The profile as a JP2 file may hold it, or None with the reason."""
    icc = facts.icc
    if icc is None:
        return None, []
    if not colour.fits(icc, facts.colour):
        return None, [picture_texts.PROFILE_MISFIT()]
    if fitting := fitting_profile(icc, grey=facts.grey):
        return fitting, []
    return None, [picture_texts.PROFILE_IS_SRGB(profile=profile_name(icc))]


def _converted(picture: Picture) -> Picture:
    """Grey or RGB with as many bits as the source has, alpha kept."""
    facts = picture.facts
    keep = fitting_profile(facts.icc, grey=facts.grey) is not None
    bits = rules.jpeg_2000_bits(facts)
    plain = facts.colour in {Colour.GREY, Colour.RGB} and facts.gamma is None and (keep or facts.icc is None)
    if plain and lossless_obstacle(replace(facts, unspecified=0)) is None:
        count = COLOUR_SAMPLES[facts.colour] + (1 if facts.alpha else 0)
        values = samples.scaled(picture.samples[..., :count], facts.bits, bits)
        made = Picture(values, replace(facts, bits=bits, samples=count, unspecified=0))
        return made.noting(*colour.left_out(facts))
    deep = 8 if bits == 8 else 16  # noqa: PLR2004 - a byte
    return colour.to_screen(picture, bits=deep, keep_profile=keep, background=None)


def _write(folder: Path, picture: Picture) -> Path:
    values = np.ascontiguousarray(picture.samples)
    if picture.facts.bits in _PLAIN_BITS:
        path = folder / "samples.tif"
        colours = COLOUR_SAMPLES[picture.facts.colour]
        extra = ["unassalpha"] if values.shape[2] > colours else None
        tifffile.imwrite(
            path,
            values if values.shape[2] > 1 else values[..., 0],
            photometric="minisblack" if picture.facts.grey else "rgb",
            planarconfig="contig" if values.shape[2] > 1 else None,
            metadata=None,
            extrasamples=extra,
        )
        return path
    path = folder / "samples.rawl"
    values.transpose(2, 0, 1).astype("<u2").tofile(path)
    return path


def _written(prepared: Prepared) -> NDArray[Any]:
    facts = prepared.expected
    if facts.bits in _PLAIN_BITS:
        found: NDArray[Any] = tifffile.memmap(prepared.path, mode="r")
        return found.reshape(facts.height, facts.width, facts.samples)
    found = np.memmap(prepared.path, "<u2", "r", shape=(facts.samples, facts.height, facts.width))
    return found.transpose(1, 2, 0)


def encode_high_throughput(prepared: Prepared, codestream: Path, resolutions: int) -> None:
    """Compress with OpenJPH, reversibly (Part 15); raises JobFailedError for unsupported bit depths."""
    facts = prepared.expected
    if facts.bits not in _PLAIN_BITS:
        raise JobFailedError(picture_texts.BITS_OF_HIGH_THROUGHPUT(bits=facts.bits))
    values = _written(prepared)
    plain = np.ascontiguousarray(values if facts.samples > 1 else values[..., 0])
    rgb = facts.colour is Colour.RGB
    codestream.write_bytes(
        imagecodecs.htj2k_encode(plain, reversible=True, rgb=rgb, resolutions=resolutions, tlm=True)
    )


def verify(prepared: Prepared, result: Path, small: Path | None) -> Verified:
    """Read the result back; raises JobFailedError unless it has the expected facts and shows the same.

    Without `small` the result is lossless: every sample is compared with the source. `small` is a copy of a
    lossy result at one of its lower resolutions (TIFF), decoded by a program.
    """
    began = time.monotonic()
    facts = formats.read_facts(result)[0]
    comparing.require_same_facts(replace(facts, compression=""), prepared.expected)
    if small is None:
        comparing.require_equal(_decoded(result, facts), _written(prepared))
    else:
        _require_close(small, prepared)
    return Verified(facts, result.stat().st_size, time.monotonic() - began)


def _decoded(result: Path, facts: PictureFacts) -> NDArray[Any]:
    try:
        found = imagecodecs.jpeg2k_decode(jpeg2000.codestream(result))
    except RuntimeError as error:
        raise JobFailedError(picture_texts.RESULT_NOT_DECODED(error=error)) from error
    if found.size != facts.pixels * facts.samples:
        raise JobFailedError(picture_texts.SHAPE_WHEN_DECODED(shape=found.shape))
    return found.reshape(facts.height, facts.width, facts.samples)


def _require_close(small: Path, prepared: Prepared) -> None:
    facts = prepared.expected
    found = tifffile.imread(small)
    found = found.reshape(*found.shape[:2], -1)
    if found.shape[2] != facts.samples:
        raise JobFailedError(picture_texts.CHANNELS_WHEN_DECODED(found=found.shape[2], wanted=facts.samples))
    step = max(1, round(facts.width / found.shape[1])) if facts.width > 1 else 1
    copy = Reduced(_bytes(found, facts.bits), (facts.width, facts.height), (step, step))
    source = Reduced.of(_bytes(_written(prepared), facts.bits))
    comparing.require_alike(copy, source, _LOSSY_DIFFERENCE)


def _bytes(values: NDArray[Any], bits: int) -> NDArray[Any]:
    """8 bits of each sample, for a rough comparison."""
    return values if bits == 8 else (values >> (bits - 8)).astype(np.uint8)  # noqa: PLR2004 - a byte
