"""The picture of one page as Tesseract and the PDF get it. Runs in a child process."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskmanager_plugin_runner.plugins.ocr import texts
from taskmanager_plugin_runner.plugins.pictures import colour, decoding, embedding
from taskmanager_plugin_runner.plugins.pictures.facts import PictureFacts


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A decoded page in files of its own.

    `path` is what Tesseract reads: PNM, since Tesseract refuses tiled TIFFs, takes all pages of a file for
    one, and ends with 0 on some damage. `embedded` is the same picture for the PDF, or None.
    """

    path: Path
    width: int
    height: int
    dpi: int
    embedded: Path | None
    notes: tuple[str, ...]


def make(
    source: Path, facts: PictureFacts, folder: Path, dpi_if_missing: int, jpeg_quality: int | None
) -> PagePicture:
    """Decode one page; raises JobFailedError for damage. `jpeg_quality`: None if nothing is embedded."""
    picture = decoding.decode(source, facts)
    screen = colour.to_screen(picture, bits=8, keep_profile=False, background=embedding.WHITE)
    bilevel = facts.bits == 1 and screen.facts.grey
    height, width = screen.samples.shape[:2]
    path = folder / ("page.pbm" if bilevel else "page.pgm" if screen.facts.grey else "page.ppm")
    _write_pnm(path, screen.samples, bilevel=bilevel)
    dpi = embedding.credible_dpi(screen.facts)
    notes = screen.facts.notes if dpi else (*screen.facts.notes, texts.RESOLUTION_ASSUMED(dpi=dpi_if_missing))
    embedded = _embedded(folder, screen.samples, jpeg_quality, bilevel=bilevel) if jpeg_quality else None
    return PagePicture(path, width, height, dpi or dpi_if_missing, embedded, notes)


def _write_pnm(path: Path, pixels: NDArray[Any], *, bilevel: bool) -> None:
    """Netpbm's formats P4 (1 is black), P5 and P6."""
    height, width, count = pixels.shape
    kind = b"P4" if bilevel else b"P5" if count == 1 else b"P6"
    head = b"%s\n%d %d\n%s" % (kind, width, height, b"" if bilevel else b"255\n")
    body = np.packbits(pixels[..., 0] == 0, axis=1) if bilevel else np.ascontiguousarray(pixels)
    with path.open("wb") as file:
        file.write(head)
        file.write(body.data)


def _embedded(folder: Path, pixels: NDArray[Any], quality: int, *, bilevel: bool) -> Path:
    if bilevel:
        return embedding.write_bilevel(folder / "embedded.tif", pixels)
    return embedding.write_jpeg(folder / "embedded.jpg", pixels, quality)
