"""Facts of the pictures of a TIFF file, read with tifffile, which knows more variants than any other reader.

TIFF 6.0, its technical notes, and BigTIFF. Decodes nothing.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import tifffile

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures.facts import (
    COLOUR_SAMPLES,
    Alpha,
    Colour,
    PictureFacts,
    SampleFormat,
)
from taskmanager_plugin_runner.plugins.pictures.file_formats.exif import dots_per_inch

DIRECTORIES_MAX: Final = 100_000
_SUBFILE_TYPE, _OLD_SUBFILE_TYPE = 254, 255
_PHOTOMETRIC, _ORIENTATION, _X, _Y, _UNIT = 262, 274, 282, 283, 296
_EXTRA_SAMPLES, _SAMPLE_FORMAT, _SUBSAMPLING, _ICC = 338, 339, 530, 34675
_REDUCED, _MASK = 1, 4
_ICC_LAB: Final = 9
_OLD_REDUCED: Final = 2
_COLOURS: Final = {
    0: Colour.GREY,
    1: Colour.GREY,
    2: Colour.RGB,
    3: Colour.PALETTE,
    5: Colour.CMYK,
    6: Colour.YCBCR,
    8: Colour.LAB,
    9: Colour.LAB,
}
"""By PhotometricInterpretation; all others (masks, ITU Lab, LogLuv, camera sensors) are refused."""
_FORMATS: Final = {
    1: SampleFormat.UNSIGNED,
    2: SampleFormat.SIGNED,
    3: SampleFormat.FLOAT,
    4: SampleFormat.UNSIGNED,
}
_ALPHAS: Final = {1: Alpha.ASSOCIATED, 2: Alpha.UNASSOCIATED}
UNREADABLE: Final = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    AssertionError,
    NotImplementedError,
)
"""What tifffile raises for structures it cannot interpret (its own error is a ValueError)."""

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it reports tags that do not concern us


@contextmanager
def opened(path: Path) -> Iterator[tifffile.TiffFile]:
    """The open file; raises JobFailedError if it cannot be read as TIFF."""
    try:
        file = tifffile.TiffFile(path, is_ome=False)
    except UNREADABLE as error:
        raise JobFailedError(picture_texts.TIFF_HEADER_ODD(detail=_words(error))) from error
    with file:
        file.pages.useframes = False
        yield file


def read_facts(path: Path) -> list[PictureFacts]:
    """The full-resolution pictures in order; raises JobFailedError saying what is not understood."""
    with opened(path) as file:
        pages = _full_pages(file)
        return [facts_of(page, len(pages)) for page in pages]


def find_page(file: tifffile.TiffFile, offset: int) -> tuple[tifffile.TiffPage, int | None]:
    """The directory that begins at a byte offset, and its number in the main chain if it is part of it."""
    for number, page in enumerate(_chain(file)):
        if page.offset == offset:
            return page, number
        for inner in _inside(page):
            if inner.offset == offset:
                return inner, None
    raise JobFailedError(picture_texts.TIFF_CHANGED())


def page_at(file: tifffile.TiffFile, offset: int) -> tifffile.TiffPage:
    """The directory that begins at a byte offset; raises JobFailedError if it is unreadable."""
    try:
        file.filehandle.seek(offset)
        return tifffile.TiffPage(file, index=0)
    except UNREADABLE as error:
        raise JobFailedError(picture_texts.TIFF_HEADER_DAMAGED(detail=_words(error))) from error


def _full_pages(file: tifffile.TiffFile) -> list[tifffile.TiffPage]:
    """Neither reduced copies nor masks: those of the chain, or else those in its directories (SubIFDs)."""
    chain = list(_chain(file))
    if not chain:
        raise JobFailedError(picture_texts.TIFF_WITHOUT_DIRECTORY())
    inner = (inside for page in chain for inside in _inside(page))
    return (
        [page for page in chain if _is_full(page)]
        or [page for page in inner if _is_full(page)]
        or [max(chain, key=lambda page: page.imagewidth * page.imagelength)]
    )


def _chain(file: tifffile.TiffFile) -> Iterator[tifffile.TiffPage]:
    """The directories up to the first unreadable one; a repeated one ends the chain."""
    seen: set[int] = set()
    pages = iter(range(DIRECTORIES_MAX))
    for number in pages:
        try:
            page = file.pages[number]
        except UNREADABLE:
            return
        if not isinstance(page, tifffile.TiffPage) or page.offset in seen:
            return
        seen.add(page.offset)
        yield page


def _inside(page: tifffile.TiffPage) -> list[tifffile.TiffPage]:
    try:
        pages = page.pages
        found = [] if pages is None else list(islice(pages, 100))
    except UNREADABLE:
        return []
    return [inner for inner in found if isinstance(inner, tifffile.TiffPage)]


def _is_full(page: tifffile.TiffPage) -> bool:
    kind = number_of(page, _SUBFILE_TYPE, 0)
    return not kind & (_REDUCED | _MASK) and number_of(page, _OLD_SUBFILE_TYPE, 1) != _OLD_REDUCED


def facts_of(page: tifffile.TiffPage, pages: int) -> PictureFacts:
    """The facts of one directory of a file with `pages`; raises JobFailedError for what is not understood."""
    notes: list[str] = []
    try:
        bits, samples = _same(page.bitspersample, picture_texts.BITS()), page.samplesperpixel
        colour = _colour(page, samples, notes)
        alpha, unspecified = _extra(page, samples - COLOUR_SAMPLES[colour], notes)
        return PictureFacts(
            format="tiff",
            stored=(page.imagewidth, page.imagelength),
            colour=colour,
            samples=samples,
            bits=bits,
            sample_format=_sample_format(page),
            orientation=_orientation(page),
            white_is_zero=number_of(page, _PHOTOMETRIC, 1) == 0,
            icc_lab=number_of(page, _PHOTOMETRIC, 1) == _ICC_LAB,
            alpha=alpha,
            unspecified=unspecified,
            planar=page.planarconfig == 2 and samples > 1,  # noqa: PLR2004 - the tag's number for planes
            compression=_compression(page),
            icc=icc_of(page),
            subsampled=_is_subsampled(page, colour),
            dots_per_inch=resolution_of(page),
            directory=page.offset,
            pages=pages,
            notes=tuple(notes),
        )
    except UNREADABLE as error:
        raise JobFailedError(picture_texts.TIFF_HEADER_DAMAGED(detail=_words(error))) from error


def _colour(page: tifffile.TiffPage, samples: int, notes: list[str]) -> Colour:
    if page.imagedepth != 1:
        raise JobFailedError(picture_texts.LAYERS(number=page.imagedepth))
    photometric = number_of(page, _PHOTOMETRIC, -1)
    if photometric == -1 and samples == COLOUR_SAMPLES[Colour.RGB]:
        notes.append(picture_texts.TAKEN_AS_RGB())
        return Colour.RGB
    if photometric == -1:
        raise JobFailedError(picture_texts.NO_PHOTOMETRIC())
    colour = _COLOURS.get(photometric)
    if colour is None:
        name = getattr(page.photometric, "name", str(photometric))
        raise JobFailedError(picture_texts.PHOTOMETRIC(name=name, number=photometric))
    if samples < COLOUR_SAMPLES[colour]:
        raise JobFailedError(picture_texts.TOO_FEW_SAMPLES(colour=colour.words, number=samples))
    return _coloured(page, colour, samples, notes)


def _coloured(page: tifffile.TiffPage, colour: Colour, samples: int, notes: list[str]) -> Colour:
    """Three samples called grey, none of them extra, are red, green and blue labelled by mistake."""
    extra = page.tags.get(_EXTRA_SAMPLES)
    if colour is Colour.GREY and samples == COLOUR_SAMPLES[Colour.RGB] and extra is None:
        notes.append(picture_texts.GREY_TAKEN_AS_RGB())
        return Colour.RGB
    return colour


def _extra(page: tifffile.TiffPage, count: int, notes: list[str]) -> tuple[Alpha | None, int]:
    """The alpha, if any, and the number of samples that are neither colour nor alpha."""
    if not count:
        return None, 0
    tag = page.tags.get(_EXTRA_SAMPLES)
    said = [] if tag is None else list(tag.value) if isinstance(tag.value, tuple) else [tag.value]
    alpha = _ALPHAS.get(int(said[0])) if said else None
    unspecified = count - (1 if alpha else 0)
    if unspecified:
        notes.append(picture_texts.SAMPLES_UNNAMED(number=unspecified))
    return alpha, unspecified


def _sample_format(page: tifffile.TiffPage) -> SampleFormat:
    tag = page.tags.get(_SAMPLE_FORMAT)
    number = 1 if tag is None else _same(tag.value, picture_texts.SAMPLE_FORMATS())
    if number not in _FORMATS:
        raise JobFailedError(picture_texts.COMPLEX_SAMPLES(number=number))
    return _FORMATS[number]


def _same(values: Any, what: str) -> int:
    """The one number that holds for all samples; raises JobFailedError if they differ."""
    numbers = set(values) if isinstance(values, tuple) else {values}
    if len(numbers) != 1:
        raise JobFailedError(picture_texts.SAMPLES_DIFFER(what=what, numbers=sorted(numbers)))
    return int(numbers.pop())


def _orientation(page: tifffile.TiffPage) -> int:
    value = number_of(page, _ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1  # noqa: PLR2004 - TIFF 6.0, page 36


def resolution_of(page: tifffile.TiffPage) -> tuple[float, float] | None:
    """Dots per inch, horizontal and vertical; None if the page gives no absolute resolution."""
    return dots_per_inch(_rational(page, _X), _rational(page, _Y), number_of(page, _UNIT, 2))


def _rational(page: tifffile.TiffPage, code: int) -> float | None:
    tag = page.tags.get(code)
    value = None if tag is None else tag.value
    if isinstance(value, tuple) and len(value) == 2 and value[1]:  # noqa: PLR2004 - numerator, denominator
        return float(value[0]) / float(value[1])
    return float(value) if isinstance(value, int | float) else None


def _is_subsampled(page: tifffile.TiffPage, colour: Colour) -> bool:
    """According to YCbCrSubSampling; 2 x 2 if a YCbCr file does not say (TIFF 6.0, section 21)."""
    tag = page.tags.get(_SUBSAMPLING)
    if tag is None:
        return colour is Colour.YCBCR
    return tag.value != (1, 1) and (colour is Colour.YCBCR or _compression(page) == "jpeg")


def icc_of(page: tifffile.TiffPage) -> bytes | None:
    """The bytes of the embedded colour profile."""
    tag = page.tags.get(_ICC)
    value = None if tag is None else tag.value
    if isinstance(value, tuple):
        value = bytes(value)
    return value if isinstance(value, bytes) and value else None


def _compression(page: tifffile.TiffPage) -> str:
    return getattr(page.compression, "name", str(page.compression)).lower()


def number_of(page: tifffile.TiffPage, code: int, default: int) -> int:
    """The first value of a tag of numbers; the default if it is not there."""
    tag = page.tags.get(code)
    value = default if tag is None else tag.value
    if isinstance(value, tuple):
        value = value[0] if value else default
    return int(value)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
