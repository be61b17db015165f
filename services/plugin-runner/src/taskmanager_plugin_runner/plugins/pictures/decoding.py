"""Turns a file into samples, complete and with the meaning given by its facts, or says what is wrong.

There is one reader per format, chosen by testing public test files (docs/adr/0012-reading-pictures.md). Each
is set to fail at the slightest doubt; if it fails on a file that may be intact, another one decides. Runs in
a child process.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import imagecodecs
import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures import samples
from taskmanager_plugin_runner.plugins.pictures.facts import ORIENTATIONS_TURNED, Alpha, Colour, PictureFacts
from taskmanager_plugin_runner.plugins.pictures.file_formats import jpeg2000, tiff_samples

logging.getLogger("pyvips").setLevel(logging.CRITICAL)
Image.MAX_IMAGE_PIXELS = None  # the memory limit takes its place

_EXTRANEOUS: Final = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_HARMLESS_JPEG: Final = re.compile(
    r"Unknown Adobe color transform code|Invalid SOS parameters for sequential|JFIF revision number"
)
"""What libjpeg says about headers that affect no pixel."""
_TAIL_BYTES: Final = 1 << 20
_NO_STRIP: Final = 64
"""Pixels along the shorter side that a reduced copy must keep."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Samples of height x width x channels and their facts; native byte order, black is zero.

    Integers are stored in the smallest type that holds `facts.bits`. Colours come first, then alpha, then
    unspecified samples. `facts.orientation` has yet to be applied unless it is 1.
    """

    samples: NDArray[Any]
    facts: PictureFacts

    def noting(self, *notes: str) -> "Picture":
        """A copy with further notes."""
        return replace(self, facts=replace(self.facts, notes=(*self.facts.notes, *notes)))


def decode(path: Path, facts: PictureFacts, longest_side: int | None = None) -> Picture:
    """The upright picture that `facts` (from `formats.read_facts`) describe.

    With `longest_side`, no more pixels than that are needed, so a large JPEG may be decoded at a half, a
    quarter or an eighth of its size, which its coding makes fast, but with at least twice as many. All of its
    data is still read. Raises JobFailedError if any pixel is missing or doubtful.
    """
    shrink = _shrink(facts, longest_side)
    read = _read_jpeg(path, facts, shrink) if shrink > 1 else _READERS[facts.format](path, facts)
    turned = samples.upright(read.samples, read.facts.orientation)
    height, width = turned.shape[:2]
    if (width, height) != (facts.width // shrink, facts.height // shrink):
        expected = f"{facts.width} x {facts.height}"
        raise JobFailedError(
            picture_texts.OTHER_SIZE_THAN_HEADER(expected=expected, width=width, height=height)
        )
    made = replace(read.facts, stored=(width, height), orientation=1, planar=False)
    if read.facts.orientation in ORIENTATIONS_TURNED and made.dots_per_inch is not None:
        made = replace(made, dots_per_inch=made.dots_per_inch[::-1])
    return Picture(turned, made)


def _shrink(facts: PictureFacts, longest_side: int | None) -> int:
    """The factor by which libjpeg may reduce a picture while decoding it.

    libvips drops a last row or column that is incomplete: less than half a pixel of what is wanted, but a lot
    in a narrow strip.
    """
    if longest_side is None or not _is_common_jpeg(facts):
        return 1
    longer, shorter = max(facts.stored), min(facts.stored)
    possible = (by for by in (8, 4, 2) if longer >= 2 * by * longest_side and shorter >= by * _NO_STRIP)
    return next(possible, 1)


def _is_common_jpeg(facts: PictureFacts) -> bool:
    """Whether libvips reads it: 8 bits, lossy coding."""
    return facts.format == "jpeg" and facts.bits == 8 and not facts.compression  # noqa: PLR2004 - a byte


def _read_tiff(path: Path, facts: PictureFacts) -> Picture:
    return Picture(*tiff_samples.read(path, facts))


def _read_png(path: Path, facts: PictureFacts) -> Picture:
    """Palettes and transparent colours are expanded, and fewer than 8 bits scaled to 8, by libvips."""
    read = _vips(path, fail_on="warning")
    bits = 16 if facts.bits == 16 else 8  # noqa: PLR2004 - the only one beyond a byte
    colour = Colour.RGB if facts.colour is Colour.PALETTE else facts.colour
    read = _as_described(read, colour, alpha=facts.alpha is not None)
    return Picture(read, replace(facts, colour=colour, bits=bits, samples=read.shape[2]))


def _read_jpeg(path: Path, facts: PictureFacts, shrink: int = 1) -> Picture:
    if not _is_common_jpeg(facts):
        return _read_rare_jpeg(path, facts)
    notes: tuple[str, ...] = ()
    try:
        read = _vips(path, fail_on="warning", shrink=shrink)
    except JobFailedError as error:
        notes = (_explain_jpeg(path, told(error)),)
        read = _vips(path, fail_on="truncated", shrink=shrink)
    return Picture(_as_described(read, facts.colour, alpha=False), facts).noting(*notes)


def _explain_jpeg(path: Path, message: str) -> str:
    """What is odd about a JPEG that is nevertheless intact; raises JobFailedError for one that is not.

    Bytes left over before the end marker are harmless if all of them are padding: the picture was complete.
    """
    lines = [line for line in message.splitlines() if not _HARMLESS_JPEG.search(line)]
    left_over = [found for line in lines if (found := _EXTRANEOUS.search(line))]
    rest = [line for line in lines if not _EXTRANEOUS.search(line) and "vips2jpeg:" not in line]
    serious = [line for line in rest if "Corrupt" in line or "remature" in line or "nsupported" in line]
    if serious or not (left_over or len(lines) < len(message.splitlines())):
        raise JobFailedError(message)
    if left_over and not _is_padded(path, int(left_over[0][1])):
        raise JobFailedError(picture_texts.DATA_LEFT_OVER(error=message))
    return picture_texts.PADDING(number=int(left_over[0][1])) if left_over else lines_of(message)


def lines_of(message: str) -> str:
    """A message on one line."""
    return "; ".join(line.strip() for line in message.splitlines() if line.strip())


def _is_padded(path: Path, count: int) -> bool:
    """Whether the `count` bytes before the end marker are all zero, or all the fill byte 0xFF."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        tail = file.read()
    end = tail.rfind(b"\xff\xd9")
    padding = tail[max(0, end - count) : end]
    return end >= 0 and (not padding.strip(b"\0") or not padding.strip(b"\xff"))


def _read_rare_jpeg(path: Path, facts: PictureFacts) -> Picture:
    """12 and 16 bits, and lossless coding: libjpeg-turbo 3 through imagecodecs."""
    data = path.read_bytes()
    if b"\xff\xd9" not in data[-_TAIL_BYTES:]:
        raise JobFailedError(picture_texts.JPEG_WITHOUT_END())
    read = _called(lambda: imagecodecs.jpeg8_decode(data))
    return Picture(_as_described(read, facts.colour, alpha=False), facts)


def _read_webp(path: Path, facts: PictureFacts) -> Picture:
    read = _vips(path, fail_on="warning")
    return Picture(_as_described(read, Colour.RGB, alpha=facts.alpha is not None), facts)


def _read_gif(path: Path, facts: PictureFacts) -> Picture:
    """The first picture. libvips detects damage, Pillow keeps the colours of transparent pixels."""
    pictures = _gif_pictures(path)

    def load() -> NDArray[Any]:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGBA"))

    read = _called(load)
    alpha: Alpha | None = Alpha.UNASSOCIATED
    if samples.is_opaque(read[..., 3]):
        read, alpha = samples.first_channels(read, 3), None
    made = Picture(read, replace(facts, colour=Colour.RGB, samples=read.shape[2], alpha=alpha))
    return made.noting(picture_texts.FIRST_OF_PICTURES(number=pictures)) if pictures > 1 else made


def _gif_pictures(path: Path) -> int:
    """The number of pictures; raises JobFailedError for damage in the first."""
    _vips(path, fail_on="warning")
    image = pyvips.Image.gifload(str(path))
    return int(image.get("n-pages")) if image.get_typeof("n-pages") else 1


def _read_bmp(path: Path, facts: PictureFacts) -> Picture:
    """Libvips does not support BMP; Pillow reads all variants encountered."""

    def load() -> NDArray[Any]:
        with Image.open(path) as image:
            image.load()
            return np.asarray(image.convert("RGB"))

    return Picture(_called(load), replace(facts, colour=Colour.RGB, samples=3, bits=8))


def _read_jpeg2000(path: Path, facts: PictureFacts) -> Picture:
    """By OpenJPEG; the facts have already shown that the file is complete.

    OpenJPEG gets the bare codestream, since it would convert colours with a profile; a file with a palette is
    passed whole, so that the palette is applied.
    """
    data = path.read_bytes() if facts.compression == jpeg2000.PALETTE else jpeg2000.codestream(path)
    read = _called(lambda: imagecodecs.jpeg2k_decode(data))
    read = read.reshape(*read.shape[:2], -1)
    if read.shape[2] != facts.samples:
        raise JobFailedError(picture_texts.COMPONENTS_ANNOUNCED(announced=facts.samples, read=read.shape[2]))
    if facts.colour is Colour.YCBCR and facts.samples == 3 and facts.bits == 8:  # noqa: PLR2004 - sYCC
        return Picture(samples.rgb_of_ycbcr(read), replace(facts, colour=Colour.RGB))
    return Picture(read, facts)


def _vips(path: Path, **options: Any) -> NDArray[Any]:
    """What libvips reads, height x width x channels; raises JobFailedError with its message."""
    return _called(
        lambda: samples.array_of(pyvips.Image.new_from_file(str(path), access="sequential", **options))
    )


def _called(read: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    try:
        return read()
    except MemoryError:
        raise
    except Exception as error:
        # each library has its own errors, from RuntimeError to plain Exception; here all mean the same
        raise JobFailedError(picture_texts.DAMAGED(detail=_said(error))) from error


def _said(error: Exception) -> str:
    said = error.detail if isinstance(error, pyvips.Error) and getattr(error, "detail", None) else str(error)
    text = said if isinstance(said, str) else str(error)
    return text.strip() or type(error).__name__


def _as_described(read: NDArray[Any], colour: Colour, *, alpha: bool) -> NDArray[Any]:
    """The channels that the header announces; raises JobFailedError if there are others."""
    read = read.reshape(*read.shape[:2], -1)
    wanted = {Colour.GREY: 1, Colour.CMYK: 4}.get(colour, 3) + alpha
    if read.shape[2] != wanted and colour is Colour.RGB and read.shape[2] == 1 + alpha:
        return np.dstack([read[..., :1]] * 3 + ([read[..., 1:]] if alpha else []))
    if read.shape[2] != wanted:
        raise JobFailedError(picture_texts.CHANNELS_ANNOUNCED(announced=wanted, read=read.shape[2]))
    return read


_READERS: Final[dict[str, Callable[[Path, PictureFacts], Picture]]] = {
    "tiff": _read_tiff,
    "png": _read_png,
    "jpeg": _read_jpeg,
    "webp": _read_webp,
    "gif": _read_gif,
    "bmp": _read_bmp,
    "jp2": _read_jpeg2000,
    "j2k": _read_jpeg2000,
}
