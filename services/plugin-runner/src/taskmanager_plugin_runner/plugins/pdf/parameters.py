"""The parameters of a PDF job; `x-titles` in their schema are titles by language."""

import re
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from taskmanager.plugin_api.interface import ExistingParameters

_RANGES: Final = r"^[0-9]{1,6}(-[0-9]{1,6})?( *, *[0-9]{1,6}(-[0-9]{1,6})?)*$"
FileName = Annotated[str, StringConstraints(pattern=r"^[^./\\\x00-\x1f][^/\\\x00-\x1f]{0,150}$")]


class Output(StrEnum):
    """What is made."""

    BOOK = "book"
    PAGES = "pages"


class Compression(StrEnum):
    """How pictures are put into a PDF. Black and white is always Group 4, without loss."""

    KEEP = "keep"
    """JPEG and JPEG 2000 as they are, others as JPEG."""
    JPEG = "jpeg"
    """Everything as JPEG again."""
    LOSSLESS = "lossless"
    """JPEG and JPEG 2000 as they are, others without loss."""


class TitleSource(StrEnum):
    """Where the titles of bookmarks come from."""

    LABEL = "label"
    """The label of the structure element (METS: LABEL)."""
    TITLE = "title"
    """The main title in its metadata."""
    TYPE = "type"
    """Its type, such as Chapter."""


def _german(title: str) -> dict[str, Any]:
    return {"x-titles": {"de": title}}


class PdfParameters(ExistingParameters):
    """What a job may choose; without a value, that of the template counts."""

    outputs: tuple[Output, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=2,
        title="Results",
        description="book: one PDF of all pages; pages: one for each page",
        json_schema_extra=_german("Ergebnisse"),
    )
    pages: Annotated[str, StringConstraints(pattern=_RANGES, max_length=500)] | None = Field(
        default=None,
        title="Pages",
        description="numbers of pages in the order of the book, from 1: 1-10, 15; without it all",
        json_schema_extra=_german("Seiten"),
    )
    name: FileName | None = Field(
        default=None,
        title="Name of the file",
        description="of the PDF of the book, without .pdf; without it the title of the process",
        json_schema_extra=_german("Name der Datei"),
    )
    compression: Compression | None = Field(
        default=None,
        title="Compression",
        description="keep: JPEG and JPEG 2000 as they are, others as JPEG; jpeg: everything as JPEG; "
        "lossless: as keep, but others without loss. Black and white is always without loss",
        json_schema_extra=_german("Komprimierung"),
    )
    jpeg_quality: int | None = Field(
        default=None, ge=1, le=100, title="JPEG quality", json_schema_extra=_german("JPEG-Qualität")
    )
    longest_side: int | None = Field(
        default=None,
        ge=64,
        le=30_000,
        title="Longest side",
        description="of pictures that are made JPEG, in pixels; without it they keep their size",
        json_schema_extra=_german("Längste Seite"),
    )
    titles: tuple[TitleSource, ...] | None = Field(
        default=None,
        max_length=3,
        title="Titles of bookmarks",
        description="where they come from, the first that there is: label, title, type; an empty list: none",
        json_schema_extra=_german("Titel der Lesezeichen"),
    )


def chosen_pages(text: str | None, count: int) -> list[int]:
    """The indexes from 0 that `1-10, 15` means, each once, in the order of the book.

    Raises ValueError with the number that is not one of `count` pages.
    """
    if text is None:
        return list(range(count))
    wanted: set[int] = set()
    for part in re.split(r" *, *", text):
        first, _, last = part.partition("-")
        start, end = int(first), int(last or first)
        if not 1 <= start <= end <= count:
            raise ValueError(part)
        wanted.update(range(start - 1, end))
    return sorted(wanted)
