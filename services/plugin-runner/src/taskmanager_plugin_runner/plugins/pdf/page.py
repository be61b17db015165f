"""Makes the PDF of one page: its picture, and above it the invisible text. Runs in a child process."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import img2pdf
import pikepdf
from pikepdf import Dictionary, Name

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.fulltext import alto_reading
from taskmanager_plugin_runner.plugins.fulltext.model import PageText
from taskmanager_plugin_runner.plugins.pdf import glyphless, text_layer, texts
from taskmanager_plugin_runner.plugins.pdf.parameters import Compression
from taskmanager_plugin_runner.plugins.pdf.text_layer import FONT, TextLayer
from taskmanager_plugin_runner.plugins.pictures import colour, decoding, embedding
from taskmanager_plugin_runner.plugins.pictures.facts import Colour, PictureFacts

POINTS: Final = 72
"""Points per inch, the unit of PDF."""
_LARGEST: Final = 14_400
"""Points: readers show no larger page (ISO 32000-1, annex C)."""
_SHAPES_APART: Final = 0.02
"""By how much the shape of a page of ALTO may differ from that of its picture."""


@dataclass(frozen=True, slots=True)
class Making:
    """How pages are made; see the keys of a template."""

    compression: Compression
    jpeg_quality: int
    longest_side: int | None
    dpi_if_missing: int


@dataclass(frozen=True, slots=True)
class MadePage:
    """What was made: the size in points, how the picture was put in, the text and what is to be said."""

    size: tuple[float, float]
    embedded: str
    words: int
    letters: str
    notes: tuple[str, ...]


def make(
    picture: Path, facts: PictureFacts, alto: Path | None, folder: Path, target: Path, making: Making
) -> MadePage:
    """Write the PDF of one page; raises JobFailedError for damage, or for text that is about another page."""
    notes: tuple[str, ...] = ()
    if stays(facts, making):
        _require_whole(picture, facts)
        embedded, how = picture, facts.format
    else:
        embedded, how, notes = _converted(picture, facts, folder, making)
    dpi = embedding.credible_dpi(facts)
    if dpi is None:
        dpi = making.dpi_if_missing
        notes = (*notes, texts.RESOLUTION_ASSUMED(dpi=dpi))
    exact = max(float(dpi), max(facts.width, facts.height) * POINTS / _LARGEST)
    size = (facts.width * POINTS / exact, facts.height * POINTS / exact)
    layer = _layer(alto, facts, size) if alto is not None else None
    with pikepdf.open(io.BytesIO(_with_picture(embedded, size))) as pdf:
        if layer is not None and layer.words:
            _add_text(pdf, layer)
        pdf.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    if embedded != picture:
        embedded.unlink()
    if layer is not None and layer.unplaced:
        notes = (*notes, texts.WORDS_WITHOUT_PLACE(number=layer.unplaced))
    return MadePage(size, how, layer.words if layer else 0, layer.letters if layer else "", notes)


def stays(facts: PictureFacts, making: Making) -> bool:
    """Whether a picture may be put into a PDF byte by byte: every reader shows it, and as it is meant.

    CMYK and Lab are not: their colours depend on the reader. A bare codestream is not allowed (ISO 32000-1,
    7.4.9).
    """
    if making.compression is Compression.JPEG or facts.format not in {"jpeg", "jp2"}:
        return False
    plain = facts.bits == 8 and not facts.compression and facts.orientation == 1  # noqa: PLR2004 - a byte
    opaque = facts.alpha is None and not facts.unspecified
    shown = facts.colour in {Colour.GREY, Colour.RGB}
    return plain and opaque and shown and (facts.icc is None or colour.fits(facts.icc, facts.colour))


def _require_whole(picture: Path, facts: PictureFacts) -> None:
    """Decode a JPEG. Of JPEG 2000 the facts have shown that no part is missing; decoding takes too long."""
    if facts.format == "jpeg":
        decoding.decode(picture, facts)


def _converted(
    picture: Path, facts: PictureFacts, folder: Path, making: Making
) -> tuple[Path, str, tuple[str, ...]]:
    decoded = decoding.decode(picture, facts)
    screen = colour.to_screen(decoded, bits=8, keep_profile=False, background=embedding.WHITE)
    if facts.bits == 1 and screen.facts.grey:
        return embedding.write_bilevel(folder / "embedded.tif", screen.samples), "Group 4", screen.facts.notes
    if making.compression is Compression.LOSSLESS:
        return embedding.write_png(folder / "embedded.png", screen.samples), "lossless", screen.facts.notes
    path = folder / "embedded.jpg"
    embedding.write_jpeg(path, screen.samples, making.jpeg_quality, making.longest_side)
    return path, "jpeg", screen.facts.notes


def _with_picture(picture: Path, size: tuple[float, float]) -> bytes:
    def layout(width: int, height: int, _: object) -> tuple[float, float, float, float]:
        del width, height
        return (*size, *size)

    made: bytes = img2pdf.convert(str(picture), layout_fun=layout)
    return made


def _layer(alto: Path, facts: PictureFacts, size: tuple[float, float]) -> TextLayer:
    text = alto_reading.read_page(alto)
    require_same_shape(alto.name, text, facts)
    return text_layer.lay(text, size, (facts.width, facts.height))


def require_same_shape(name: str, text: PageText, facts: PictureFacts) -> None:
    """Raise JobFailedError if the page of an ALTO file has another shape than the picture."""
    if not text.width or not text.height:
        return
    ratio = text.width / text.height * facts.height / facts.width
    if abs(ratio - 1) > _SHAPES_APART:
        found, wanted = f"{text.width:g} x {text.height:g}", f"{facts.width} x {facts.height}"
        raise JobFailedError(texts.OTHER_SHAPE(name=name, found=found, wanted=wanted))


def _add_text(pdf: pikepdf.Pdf, layer: TextLayer) -> None:
    page = pdf.pages[0]
    page.contents_add(b"q\n", prepend=True)
    page.contents_add(b"\nQ\n" + layer.operators)
    if Name.Font not in page.Resources:
        page.Resources.Font = Dictionary()
    page.Resources.Font[FONT] = glyphless.font(pdf, layer.own_codes)
    page.contents_coalesce()
