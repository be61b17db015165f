"""The words of a file of ALTO and their places, whatever its version and unit.

Expat of the standard library loads nothing from elsewhere; a file that declares entities is refused. Only
what the pages draw is read: the plugins of the runner have the strict reader.
"""

import math
import os
from collections.abc import Mapping
from xml.parsers import expat

from taskmanager_gateway.pictures.reader.orders import (
    TEXT_BYTES_MOST,
    WORDS_MOST,
    Failure,
    Made,
    PictureWords,
)

_CHUNK = 256 * 1024
_SHOWN = 200
"""Characters of a word."""


class _EnoughError(Exception):
    """What was wanted has been read."""


def read_words(descriptor: int) -> Made:
    """The words of the first page of the file, which may be any file."""
    if os.fstat(descriptor).st_size > TEXT_BYTES_MOST:
        return Made(failure=Failure.NO_ALTO)
    page = _Page()
    try:
        page.read(descriptor)
    except _EnoughError:
        pass
    except expat.ExpatError as error:
        return Made(failure=Failure.NO_ALTO, detail=str(error))
    if page.root != "alto" or not page.width or not page.height:
        return Made(failure=Failure.NO_ALTO)
    return Made(words=tuple(page.words), format="ALTO")


class _Page:
    """What the parser has told of the first page."""

    def __init__(self) -> None:
        self.root = ""
        self.width = self.height = 0.0
        self.words: list[PictureWords] = []

    def read(self, descriptor: int) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.EntityDeclHandler = self._entity
        while part := os.read(descriptor, _CHUNK):
            parser.Parse(part, False)  # noqa: FBT003 - takes no name
        parser.Parse(b"", True)  # noqa: FBT003 - takes no name

    def _begin(self, name: str, given: Mapping[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if not self.root:
            self.root = local
            if local != "alto":
                raise _EnoughError
        elif local == "Page":
            self.width, self.height = _number(given.get("WIDTH")), _number(given.get("HEIGHT"))
        elif local == "String":
            self._word(given)

    def _end(self, name: str) -> None:
        if name.rpartition(" ")[2] == "Page":
            raise _EnoughError

    def _entity(self, *_: object) -> None:
        self.root = "declares entities"
        raise _EnoughError

    def _word(self, given: Mapping[str, str]) -> None:
        if not (self.width and self.height):
            raise _EnoughError
        left, top, width, height = (_number(given.get(key)) for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
        text = given.get("CONTENT", "").strip()[:_SHOWN]
        if not text or not width or not height:
            return
        place = (left / self.width, top / self.height, width / self.width, height / self.height)
        self.words.append(PictureWords(text, *(round(min(max(share, 0.0), 1.0), 5) for share in place)))
        if len(self.words) >= WORDS_MOST:
            raise _EnoughError


def _number(text: str | None) -> float:
    """The number in an attribute; 0 for what is none."""
    try:
        value = float(text or 0)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0
