"""Reads hOCR (XHTML with classes `ocr_page`, `ocr_par`, `ocr_line`, `ocrx_word`).

See the hOCR specification 1.2. Places are in `title`: `bbox 10 20 30 40; x_wconf 95`.
"""

import re
from collections import Counter
from collections.abc import Iterator
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

_BLOCKS: Final = ("ocr_par",)
_AROUND: Final = ("ocr_carea", "ocrx_block")
_LINES: Final = (
    "ocr_line",
    "ocrx_line",
    "ocr_header",
    "ocr_footer",
    "ocr_pageno",
    "ocr_caption",
    "ocr_textfloat",
)
_KINDS: Final = {
    "ocr_header": BlockKind.HEADER,
    "ocr_footer": BlockKind.FOOTER,
    "ocr_pageno": BlockKind.PAGE_NUMBER,
    "ocr_caption": BlockKind.CAPTION,
}
_PICTURES: Final = ("ocr_photo", "ocr_image", "ocr_linedrawing")
_DRAWN: Final = ("ocr_separator",)
_LEFT_OUT: Final = ("ocrx_cinfo", "ocr_cinfo", "ocr_math", "ocr_chem")
_BBOX: Final = re.compile(r"\bbbox((?:\s+-?[0-9.]+){4})\s*(?:;|$)")
_CONFIDENCE: Final = re.compile(r"\bx_wconf\s+([0-9.]+)")
_IMAGE: Final = re.compile(r"\bimage\s+[\"']?([^\"';]+)")


def read(root: etree._Element, path: Path) -> list[PageText]:
    """All pages of a file; raises JobFailedError."""
    return [_page(page, path.name) for page in _of(root, "ocr_page")]


def _page(page: etree._Element, name: str) -> PageText:
    box = _box(page, name)
    if box is None:
        raise JobFailedError(document_texts.NO_PLACE(line=page.sourceline, name=name, value="ocr_page"))
    image = _IMAGE.search(page.get("title", ""))
    picture = re.split(r"[/\\]", image[1].strip())[-1] if image else None
    areas = [
        Area(place, drawn=bool(_classes(one) & set(_DRAWN)))
        for one in _of(page, *_PICTURES, *_DRAWN)
        if (place := _box(one, name)) is not None
    ]
    other = Counter(next(iter(_classes(one) & set(_LEFT_OUT))) for one in _of(page, *_LEFT_OUT))
    return PageText(
        box.right,
        box.bottom,
        tuple(_blocks(page, name)),
        picture,
        areas=tuple(areas),
        left_out=tuple(other.items()),
    )


def _blocks(page: etree._Element, name: str) -> Iterator[Block]:
    """Paragraphs, and lines that are in none; lines of another kind are a block of their own."""
    groups: list[tuple[etree._Element | None, BlockKind, list[etree._Element]]] = []
    for line in _of(page, *_LINES):
        if any(_classes(parent) & set(_LINES) for parent in line.iterancestors(etree.Element)):
            continue
        kind = next((_KINDS[one] for one in _classes(line) if one in _KINDS), BlockKind.TEXT)
        around = _around(line)
        if groups and groups[-1][0] is around and groups[-1][1] is kind and around is not None:
            groups[-1][2].append(line)
        else:
            groups.append((around, kind, [line]))
    for around, kind, found in groups:
        lines = [line for line in (_line(one, name) for one in found) if line.words]
        if lines:
            language = around.get("lang") if around is not None else None
            yield Block(tuple(lines), joined_box(line.box for line in lines), kind, language)


def _around(line: etree._Element) -> etree._Element | None:
    parents = list(line.iterancestors(etree.Element))
    for classes in (_BLOCKS, _AROUND):
        found = next((one for one in parents if _classes(one) & set(classes)), None)
        if found is not None:
            return found
    return None


def _line(line: etree._Element, name: str) -> Line:
    box = _box(line, name)
    words = [part for one in _of(line, "ocrx_word", "ocr_word") for part in _word(one, name)]
    if not words:
        words = list(shared("".join(line.itertext()), box))
    return Line(tuple(words), box or joined_box(word.box for word in words))


def _word(word: etree._Element, name: str) -> Iterator[Word]:
    found = _CONFIDENCE.search(word.get("title", ""))
    sure = min(1.0, float(found[1]) / 100) if found else None
    return shared("".join(word.itertext()), _box(word, name), sure)


def _box(element: etree._Element, name: str) -> Box | None:
    title = element.get("title", "")
    found = _BBOX.search(title)
    if found is None:
        if "bbox" in title:
            raise JobFailedError(
                document_texts.NO_PLACE(line=element.sourceline, name=name, value=repr(title[:60]))
            )
        return None
    return of_corners(*(float(value) for value in found[1].split()))


def _classes(element: etree._Element) -> set[str]:
    return set((element.get("class") or "").split())


def _of(element: etree._Element, *classes: str) -> Iterator[etree._Element]:
    wanted = set(classes)
    return (one for one in element.iter(etree.Element) if one is not element and wanted & _classes(one))
