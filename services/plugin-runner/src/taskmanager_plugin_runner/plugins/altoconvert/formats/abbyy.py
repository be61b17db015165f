"""Reads the XML of ABBYY FineReader (schemas 6 to 10), with or without places of characters.

See FineReader10-schema-v1. A paragraph becomes a block; its role is that of its style (`rt`: a running head).
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import document_texts
from taskmanager_plugin_runner.plugins.altoconvert.formats.places import of_corners, shared
from taskmanager_plugin_runner.plugins.fulltext.model import (
    Area,
    Block,
    BlockKind,
    Box,
    Line,
    PageText,
    Word,
    joined_box,
)
from taskmanager_plugin_runner.plugins.fulltext.xml_files import below, children, local, number

SOFT_HYPHENS: Final = "\u00ac\u00ad"
"""What FineReader writes where a line divides a word."""
_ROLES: Final = {
    "heading": BlockKind.HEADING,
    "footnote": BlockKind.FOOTNOTE,
    "endnote": BlockKind.FOOTNOTE,
    "tableHeading": BlockKind.HEADING,
    "tableCaption": BlockKind.CAPTION,
    "pictureCaption": BlockKind.CAPTION,
}
_RUNNING: Final = "rt"
_PAGE_NUMBER: Final = re.compile(r"\W*([0-9]+|[ivxlcdm]+|[IVXLCDM]+)\W*")
_LANGUAGES: Final = {
    "german": "de",
    "oldgerman": "de",
    "english": "en",
    "oldenglish": "en",
    "french": "fr",
    "oldfrench": "fr",
    "italian": "it",
    "olditalian": "it",
    "spanish": "es",
    "oldspanish": "es",
    "latin": "la",
    "dutch": "nl",
    "polish": "pl",
    "czech": "cs",
    "russian": "ru",
    "danish": "da",
    "swedish": "sv",
    "greek": "el",
}
"""The beginnings of FineReader's names of languages."""
_CONFIDENCE_MAX: Final = 100
_VARIANTS: Final = ("wordRecVariants", "charRecVariants")


def read(root: etree._Element, path: Path) -> list[PageText]:
    """All pages of a file; raises JobFailedError."""
    roles = {style.get("id", ""): style.get("role", "") for style in below(root, "paragraphStyle")}
    return [_Page(page, path.name, roles).text() for page in children(root, "page")]


class _Page:
    def __init__(self, page: etree._Element, name: str, roles: dict[str, str]) -> None:
        self._page, self._name, self._roles = page, name, roles
        self._left_out: Counter[str] = Counter()

    def text(self) -> PageText:
        width, height = (number(self._page, key, self._name) for key in ("width", "height"))
        self._size = (width, height)
        blocks: list[Block] = []
        areas: list[Area] = []
        for block in children(self._page):
            kind = block.get("blockType", local(block))
            if kind in {"Text", "Table"}:
                blocks += self._paragraphs(block)
            elif kind in {"Picture", "Separator", "SeparatorsBox"} and (box := self._box(block)) is not None:
                areas.append(Area(box, drawn=kind != "Picture"))
            else:
                self._left_out[kind] += 1
        return PageText(
            width, height, tuple(blocks), areas=tuple(areas), left_out=tuple(self._left_out.items())
        )

    def _paragraphs(self, block: etree._Element) -> Iterator[Block]:
        for paragraph in below(block, "par"):
            lines = _with_divided_words([self._line(line) for line in children(paragraph, "line")])
            lines = [line for line in lines if line.words]
            if not lines:
                continue
            languages = [_language(one.get("lang", "")) for one in below(paragraph, "formatting")]
            yield Block(
                tuple(lines),
                joined_box(line.box for line in lines),
                self._kind(paragraph, lines),
                next((language for language in languages if language), None),
            )

    def _kind(self, paragraph: etree._Element, lines: list[Line]) -> BlockKind:
        style = paragraph.get("style")
        if style is None:
            return BlockKind.TEXT
        if style not in self._roles:
            raise JobFailedError(document_texts.UNKNOWN_REFERENCE(name=self._name, id=style))
        role = self._roles[style]
        if role != _RUNNING:
            return _ROLES.get(role, BlockKind.TEXT)
        if _PAGE_NUMBER.fullmatch(" ".join(line.text for line in lines)):
            return BlockKind.PAGE_NUMBER
        top = lines[0].box.top if lines[0].box is not None else 0.0
        height = self._size[1]
        return BlockKind.FOOTER if height and top > height / 2 else BlockKind.HEADER

    def _line(self, line: etree._Element) -> Line:
        box = self._box(line)
        letters = [
            letter
            for formatting in children(line, "formatting")
            for letter in children(formatting, "charParams")
        ]
        self._left_out.update(local(one) for one in below(line, *_VARIANTS))
        words = list(self._words(letters)) if letters else list(shared("".join(line.itertext()), box))
        return Line(tuple(words), box or joined_box(word.box for word in words), line.get("baseline"))

    def _words(self, letters: list[etree._Element]) -> Iterator[Word]:
        """Characters until a space; the confidence of a word is the mean of its characters."""
        text, boxes, sure = "", list[Box | None](), list[float]()
        for letter in letters:
            printed = _character(letter)
            if not printed or printed.isspace():
                if text:
                    yield _word(text, boxes, sure)
                text, boxes, sure = "", [], []
                continue
            text += printed
            boxes.append(self._box(letter))
            confidence = number(letter, "charConfidence", self._name)
            if confidence is not None and 0 <= confidence <= _CONFIDENCE_MAX:
                sure.append(confidence / _CONFIDENCE_MAX)
        if text:
            yield _word(text, boxes, sure)

    def _box(self, element: etree._Element) -> Box | None:
        left, top, right, bottom = (number(element, key, self._name) for key in "ltrb")
        if left is None or top is None or right is None or bottom is None:
            return None
        return of_corners(left, top, right, bottom)


def _character(element: etree._Element) -> str:
    """What is printed: variants of it are children, whose text does not count."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def _word(text: str, boxes: list[Box | None], sure: list[float]) -> Word:
    return Word(text, joined_box(iter(boxes)), sum(sure) / len(sure) if sure else None)


def _with_divided_words(lines: list[Line]) -> list[Line]:
    """Lines in which words divided by a soft hyphen know the whole word, and end in a plain hyphen."""
    found = list(lines)
    for index, (line, following) in enumerate(zip_longest(lines, lines[1:])):
        if not line.words or line.words[-1].text[-1:] not in SOFT_HYPHENS:
            continue
        first = found[index].words[-1]
        stem = first.text.rstrip(SOFT_HYPHENS)
        second = following.words[0] if following is not None and following.words else None
        whole = stem + second.text.rstrip(SOFT_HYPHENS) if second is not None and stem else None
        changed = Word(f"{stem}-", first.box, first.confidence, whole, first=whole is not None)
        found[index] = Line((*found[index].words[:-1], changed), line.box, line.baseline)
        if second is not None and following is not None and whole is not None:
            part = Word(second.text, second.box, second.confidence, whole)
            found[index + 1] = Line((part, *following.words[1:]), following.box, following.baseline)
    return found


def _language(name: str) -> str | None:
    plain = "".join(letter for letter in name.lower() if letter.isalpha())
    return next((code for start, code in _LANGUAGES.items() if plain.startswith(start)), None)
