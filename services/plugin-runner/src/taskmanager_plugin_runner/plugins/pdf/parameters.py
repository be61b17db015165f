"""The parameters of a PDF job; `x-titles` in their schema are titles by language."""

import re
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from taskmanager.plugin_api.interface import ExistingParameters
from taskmanager.plugin_api.words import words

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


class PdfParameters(ExistingParameters):
    """What a job may choose; without a value, that of the template counts."""

    outputs: tuple[Output, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=2,
        title="Results",
        description="book: one PDF of all pages; pages: one for each page",
        json_schema_extra=words(de=("Ergebnisse", "book: ein PDF aller Seiten; pages: eines je Seite")),
    )
    pages: Annotated[str, StringConstraints(pattern=_RANGES, max_length=500)] | None = Field(
        default=None,
        title="Pages",
        description="numbers of pages in the order of the book, from 1: 1-10, 15; without it all",
        json_schema_extra=words(
            de=("Seiten", "Nummern der Seiten in der Reihenfolge des Buchs, ab 1: 1-10, 15; sonst alle")
        ),
    )
    name: FileName | None = Field(
        default=None,
        title="Name of the file",
        description="of the PDF of the book, without .pdf; without it the title of the process",
        json_schema_extra=words(
            de=("Name der Datei", "des PDFs des Buchs, ohne .pdf; sonst der Titel des Vorgangs")
        ),
    )
    compression: Compression | None = Field(
        default=None,
        title="Compression",
        description="keep: JPEG and JPEG 2000 as they are, others as JPEG; jpeg: everything as JPEG; "
        "lossless: as keep, but others without loss. Black and white is always without loss",
        json_schema_extra=words(
            de=(
                "Komprimierung",
                (
                    "keep: JPEG und JPEG 2000 wie sie sind, andere als JPEG; jpeg: alles als JPEG; "
                    "lossless: wie keep, andere aber ohne Verlust. Schwarz-weiß ist immer ohne Verlust"
                ),
            )
        ),
    )
    jpeg_quality: int | None = Field(
        default=None, ge=1, le=100, title="JPEG quality", json_schema_extra=words(de=("JPEG-Qualität", ""))
    )
    longest_side: int | None = Field(
        default=None,
        ge=64,
        le=30_000,
        title="Longest side",
        description="of pictures that are made JPEG, in pixels; without it they keep their size",
        json_schema_extra=words(
            de=("Längste Seite", "von Bildern, die JPEG werden, in Pixeln; sonst behalten sie ihre Größe")
        ),
    )
    titles: tuple[TitleSource, ...] | None = Field(
        default=None,
        max_length=3,
        title="Titles of bookmarks",
        description="where they come from, the first that there is: label, title, type; an empty list: none",
        json_schema_extra=words(
            de=(
                "Titel der Lesezeichen",
                "woher sie kommen, das erste, das es gibt: label, title, type; eine leere Liste: keine",
            )
        ),
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
