"""Makes the results of one page what they are to be, and checks each against the picture and the others."""

import html
import re
from pathlib import Path
from typing import Final

import img2pdf
import pikepdf

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.ocr import alto, texts
from taskmanager_plugin_runner.plugins.ocr.alto import Text
from taskmanager_plugin_runner.plugins.ocr.picture import PagePicture
from taskmanager_plugin_runner.plugins.ocr.profile import Output

_HOCR_IMAGE: Final = re.compile(r'image "[^"]*"')
_WORD_CLASS: Final = "ocrx_word"
_POINTS: Final = 72
"""Points per inch, the unit of PDF."""
_POINTS_APART: Final = 2.0
"""By how many points sizes may differ: programs round."""


def require_alto(path: Path, picture: PagePicture) -> Text:
    """What the ALTO file says; raises JobFailedError if it is not valid or not about this picture."""
    found = alto.read(path)
    if (found.width, found.height) != (picture.width, picture.height):
        raise JobFailedError(
            texts.SIZE_IN_RESULT(
                name=path.name,
                found=f"{found.width} x {found.height}",
                wanted=f"{picture.width} x {picture.height}",
            )
        )
    return found


def finish(output: Output, path: Path, picture: PagePicture, name: str, text: Text) -> None:
    """Complete one of the other results and check it; raises JobFailedError. `name` is the source file's."""
    match output:
        case Output.ALTO:
            return
        case Output.TEXT:
            _require_words(output, tuple(path.read_text(encoding="utf-8").split()), text)
        case Output.HOCR:
            _name_picture(path, name)
            _require_words(output, _hocr_words(path), text)
        case Output.PDF:
            _put_picture_beneath(path, picture)
            _require_pdf(path, picture)


def _name_picture(path: Path, name: str) -> None:
    """In hOCR: Tesseract has written the name of its own input."""
    said, shown = path.read_text(encoding="utf-8"), f'image "{html.escape(name)}"'
    path.write_text(_HOCR_IMAGE.sub(lambda _: shown, said, count=1), encoding="utf-8")


def _hocr_words(path: Path) -> tuple[str, ...]:
    elements = alto.parse(path).getroot().iter("{http://www.w3.org/1999/xhtml}span")
    return tuple("".join(one.itertext()) for one in elements if one.get("class") == _WORD_CLASS)


def _require_words(output: Output, words: tuple[str, ...], text: Text) -> None:
    wanted = tuple(" ".join(text.words).split())
    if tuple(" ".join(words).split()) != wanted:
        raise JobFailedError(texts.WORDS_DIFFER(name=output.value, number=len(words), wanted=len(wanted)))


def _put_picture_beneath(path: Path, picture: PagePicture) -> None:
    """Tesseract has written the text only, invisibly; the picture is embedded as it is."""
    if picture.embedded is None:
        raise AssertionError("a PDF is made without a picture for it")
    layout = img2pdf.get_fixed_dpi_layout_fun((picture.dpi, picture.dpi))
    image = path.with_suffix(".image.pdf")
    image.write_bytes(img2pdf.convert(str(picture.embedded), layout_fun=layout))
    with pikepdf.open(path, allow_overwriting_input=True) as made, pikepdf.open(image) as beneath:
        page = made.pages[0]
        page.add_underlay(beneath.pages[0], pikepdf.Rectangle(*page.mediabox))
        made.save(path)
    image.unlink()


def _require_pdf(path: Path, picture: PagePicture) -> None:
    with pikepdf.open(path) as made:
        if problems := made.check_pdf_syntax():
            raise JobFailedError(texts.NOT_WELL_FORMED(name=path.name, error="; ".join(map(str, problems))))
        if len(made.pages) != 1:
            raise JobFailedError(texts.PAGES_IN_RESULT(name=path.name, number=len(made.pages)))
        left, bottom, right, top = (float(value) for value in made.pages[0].mediabox)
    wanted = (picture.width * _POINTS / picture.dpi, picture.height * _POINTS / picture.dpi)
    found = (right - left, top - bottom)
    if any(abs(one - other) > _POINTS_APART for one, other in zip(found, wanted, strict=True)):
        raise JobFailedError(
            texts.SIZE_IN_RESULT(
                name=path.name,
                found=f"{found[0]:.0f} x {found[1]:.0f} pt",
                wanted=f"{wanted[0]:.0f} x {wanted[1]:.0f} pt",
            )
        )
