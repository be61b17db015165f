"""Finds out the format of a file by its root element, and reads it."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import document_texts
from taskmanager_plugin_runner.plugins.altoconvert.formats import abbyy, hocr, page_xml
from taskmanager_plugin_runner.plugins.fulltext import alto_reading, xml_files
from taskmanager_plugin_runner.plugins.fulltext.model import PageText


class TextFormat(StrEnum):
    """A format of texts with places."""

    ABBYY = "FineReader XML"
    PAGE = "PAGE"
    HOCR = "hOCR"
    ALTO = "ALTO"


_ROOTS: Final = {
    "document": TextFormat.ABBYY,
    "PcGts": TextFormat.PAGE,
    "html": TextFormat.HOCR,
    "alto": TextFormat.ALTO,
}
_READERS: Final[dict[TextFormat, Callable[[etree._Element, Path], list[PageText]]]] = {
    TextFormat.ABBYY: abbyy.read,
    TextFormat.PAGE: page_xml.read,
    TextFormat.HOCR: hocr.read,
    TextFormat.ALTO: lambda _, path: list(alto_reading.read_pages(path)),
}


def read(path: Path) -> tuple[TextFormat, list[PageText]]:
    """The format and all pages of a file, at least one; raises JobFailedError."""
    root = xml_files.parse(path, keep_blanks=True).getroot()
    found = _ROOTS.get(xml_files.local(root))
    if found is None:
        wanted = ", ".join(TextFormat)
        raise JobFailedError(
            document_texts.OTHER_DOCUMENT(name=path.name, wanted=wanted, found=str(root.tag)[:100])
        )
    pages = _READERS[found](root, path)
    if not pages:
        raise JobFailedError(document_texts.NO_PAGE(name=path.name))
    return found, pages
