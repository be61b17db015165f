"""Reads ALTO of any version (1 to 4), whatever its namespace and unit.

See the schemas of the Library of Congress. Strict about what it understands: numbers that are none are an
error. Blocks are taken in the order of the file, those of the margins where they are.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import document_texts
from taskmanager_plugin_runner.plugins.fulltext import xml_files
from taskmanager_plugin_runner.plugins.fulltext.model import (
    PIXEL,
    Block,
    BlockKind,
    Box,
    Line,
    PageText,
    Word,
    joined_box,
)

_KIND_OF_SPACE: Final = {"TopMargin": BlockKind.HEADER, "BottomMargin": BlockKind.FOOTER}
_KINDS: Final = {
    "header": BlockKind.HEADER,
    "runningtitle": BlockKind.HEADER,
    "footer": BlockKind.FOOTER,
    "pagenumber": BlockKind.PAGE_NUMBER,
    "numbering": BlockKind.PAGE_NUMBER,
    "pagination": BlockKind.PAGE_NUMBER,
    "heading": BlockKind.HEADING,
    "title": BlockKind.HEADING,
    "caption": BlockKind.CAPTION,
    "marginalia": BlockKind.MARGINALIA,
    "footnote": BlockKind.FOOTNOTE,
    "catchword": BlockKind.CATCHWORD,
    "signaturemark": BlockKind.SIGNATURE,
}
"""By the label of a tag, or the TYPE of a block, in lower case without anything but letters."""


def read_page(path: Path) -> PageText:
    """The one page of a file; raises JobFailedError, which names the file."""
    pages = read_pages(path)
    if len(pages) > 1:
        raise JobFailedError(document_texts.SEVERAL_PAGES(name=path.name, number=len(pages)))
    return pages[0]


def read_pages(path: Path) -> tuple[PageText, ...]:
    """All pages of a file, at least one; raises JobFailedError."""
    root = xml_files.require_root(xml_files.parse(path), "ALTO", path, "alto")
    file = _File(path.name, root)
    pages = tuple(_page(page, file) for page in xml_files.below(root, "Page"))
    if not pages:
        raise JobFailedError(document_texts.NO_PAGE(name=path.name))
    return pages


class _File:
    """What all pages of a file share: its name, the labels of its tags by id, its picture, its unit."""

    def __init__(self, name: str, root: etree._Element) -> None:
        self.name, self.tags = name, _tags(root)
        self.picture = _said(root, "fileName") or None
        self.unit = _said(root, "MeasurementUnit").lower() or PIXEL


def _said(root: etree._Element, element: str) -> str:
    return next((one.text or "" for one in xml_files.below(root, element)), "").strip()


def _tags(root: etree._Element) -> dict[str, str]:
    return {
        tag.get("ID", ""): tag.get("LABEL") or tag.get("TYPE") or ""
        for tags in xml_files.children(root, "Tags")
        for tag in xml_files.children(tags)
    }


def _page(page: etree._Element, file: _File) -> PageText:
    blocks: list[Block] = []
    for space in xml_files.children(page):
        kind = _KIND_OF_SPACE.get(xml_files.local(space), BlockKind.TEXT)
        blocks += (_block(block, kind, file) for block in xml_files.below(space, "TextBlock"))
    width, height = (xml_files.number(page, key, file.name) for key in ("WIDTH", "HEIGHT"))
    return PageText(width, height, tuple(blocks), file.picture, file.unit)


def _block(element: etree._Element, kind: BlockKind, file: _File) -> Block:
    labels = [file.tags.get(one, "") for one in element.get("TAGREFS", "").split()] + [
        element.get("TYPE", "")
    ]
    known = [_KINDS[plain] for label in labels if (plain := _plain(label)) in _KINDS]
    lines = tuple(_line(line, file) for line in xml_files.children(element, "TextLine"))
    language = element.get("LANG") or element.get("language") or None
    return Block(lines, _box(element, file), known[0] if known else kind, language)


def _plain(label: str) -> str:
    return "".join(letter for letter in label.lower() if letter.isalpha())


def _line(element: etree._Element, file: _File) -> Line:
    words: list[Word] = []
    for part in xml_files.children(element, "String", "HYP"):
        if xml_files.local(part) == "String":
            words += _words(part, file)
        elif words:  # the hyphen is printed as a part of the last word
            words[-1] = _with_hyphen(words[-1], part.get("CONTENT", "-"), _box(part, file))
    box = _box(element, file) or joined_box(word.box for word in words)
    return Line(tuple(words), box, element.get("BASELINE"))


def _with_hyphen(word: Word, hyphen: str, box: Box | None) -> Word:
    joined = word.box.joined(box) if word.box is not None and box is not None and box.width else word.box
    return Word(word.text + hyphen.strip(), joined, word.confidence, word.whole, word.first)


def _words(element: etree._Element, file: _File) -> Iterator[Word]:
    """The words of one String: some programs write a whole line into one, whose width is shared then."""
    box, confidence = _box(element, file), xml_files.number(element, "WC", file.name)
    kind = element.get("SUBS_TYPE", "")
    whole = element.get("SUBS_CONTENT") if kind else None
    content = element.get("CONTENT", "")
    pieces = content.split()
    start = 0
    for piece in pieces:
        start = content.index(piece, start)
        place = box
        if box is not None and len(pieces) > 1:
            letter = box.width / len(content)
            place = Box(box.left + start * letter, box.top, len(piece) * letter, box.height)
        yield Word(piece, place, confidence, whole, kind == "HypPart1")
        start += len(piece)


def _box(element: etree._Element, file: _File) -> Box | None:
    left, top, width, height = (
        xml_files.number(element, key, file.name) for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT")
    )
    if left is None or top is None or width is None:
        return None
    return Box(left, top, width, height or 0.0)
