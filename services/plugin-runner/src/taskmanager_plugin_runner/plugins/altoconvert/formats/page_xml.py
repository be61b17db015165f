"""Reads PAGE XML (PRImA, of any year): regions in reading order, lines, words.

Where a text has several readings, that of the lowest index counts.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import document_texts
from taskmanager_plugin_runner.plugins.altoconvert.formats.places import of_points, shared
from taskmanager_plugin_runner.plugins.fulltext.model import (
    Area,
    Block,
    BlockKind,
    Box,
    Line,
    PageText,
    Word,
)
from taskmanager_plugin_runner.plugins.fulltext.xml_files import below, children, local, number

_KINDS: Final = {
    "header": BlockKind.HEADER,
    "footer": BlockKind.FOOTER,
    "page-number": BlockKind.PAGE_NUMBER,
    "heading": BlockKind.HEADING,
    "caption": BlockKind.CAPTION,
    "marginalia": BlockKind.MARGINALIA,
    "footnote": BlockKind.FOOTNOTE,
    "footnote-continued": BlockKind.FOOTNOTE,
    "endnote": BlockKind.FOOTNOTE,
    "catch-word": BlockKind.CATCHWORD,
    "signature-mark": BlockKind.SIGNATURE,
}
_PICTURES: Final = frozenset({"ImageRegion", "GraphicRegion", "ChartRegion", "MapRegion"})
_DRAWN: Final = frozenset({"SeparatorRegion", "LineDrawingRegion"})
_LEFT_OUT: Final = ("Glyph", "TextStyle", "Labels", "Relation", "AlternativeImage")
_LANGUAGES: Final = {"German": "de", "English": "en", "French": "fr", "Latin": "la", "Italian": "it"}
_LAST: Final = 1_000_000.0


def read(root: etree._Element, path: Path) -> list[PageText]:
    """All pages of a file (PAGE has one); raises JobFailedError."""
    return [_Page(page, path.name).text() for page in children(root, "Page")]


class _Page:
    def __init__(self, page: etree._Element, name: str) -> None:
        self._page, self._name = page, name

    def text(self) -> PageText:
        regions = list(below(self._page, "TextRegion"))
        order = self._order(regions)
        regions.sort(key=lambda region: order.get(region.get("id", ""), len(order)))
        width, height = (number(self._page, key, self._name) for key in ("imageWidth", "imageHeight"))
        areas = [
            Area(self._box(one), drawn=local(one) in _DRAWN) for one in below(self._page, *_PICTURES, *_DRAWN)
        ]
        other = Counter(local(one) for one in below(self._page, *_LEFT_OUT))
        blocks = [block for region in regions if (block := self._block(region)) is not None]
        picture = self._page.get("imageFilename") or None
        return PageText(
            width, height, tuple(blocks), picture, areas=tuple(areas), left_out=tuple(other.items())
        )

    def _order(self, regions: list[etree._Element]) -> dict[str, int]:
        """Places of regions in the reading order; a region in another has its place just after it."""
        known = {one.get("id", ""): one for one in regions}
        wanted: list[str] = []
        for reading in children(self._page, "ReadingOrder"):
            wanted += self._references(reading)
        placed = dict.fromkeys(one for one in wanted if one in known)
        everything = {one.get("id", "") for one in self._page.iter(etree.Element)}
        for one in wanted:
            if one not in everything:
                raise JobFailedError(document_texts.UNKNOWN_REFERENCE(name=self._name, id=one))
        listed: list[str] = []
        for region in [*placed, *(one for one in known if one not in placed)]:
            inner = [one.get("id", "") for one in below(known[region], "TextRegion")]
            listed += [one for one in (region, *inner) if one not in listed]
        return {one: index for index, one in enumerate(listed)}

    def _references(self, group: etree._Element) -> Iterator[str]:
        entries = list(children(group))
        entries.sort(key=self._index)
        for entry in entries:
            if (reference := entry.get("regionRef")) is not None:
                yield reference
            yield from self._references(entry)

    def _index(self, element: etree._Element) -> float:
        found = number(element, "index", self._name)
        return _LAST if found is None else found

    def _block(self, region: etree._Element) -> Block | None:
        box = self._box(region)
        lines = [self._line(line) for line in children(region, "TextLine")]
        if not lines:  # only the text of the whole region is known
            lines = [
                Line(tuple(Word(word, None) for word in row.split()))
                for row in self._reading(region)[0].splitlines()
            ]
        lines = [line for line in lines if line.words]
        if not lines:
            return None
        language = _LANGUAGES.get(region.get("primaryLanguage", ""))
        return Block(tuple(lines), box, _KINDS.get(region.get("type", ""), BlockKind.TEXT), language)

    def _line(self, line: etree._Element) -> Line:
        box = self._box(line)
        words = [part for word in children(line, "Word") for part in self._word(word)]
        if not words:
            text, confidence = self._reading(line)
            words = list(shared(text, box, confidence))
        base = next((one.get("points") for one in children(line, "Baseline")), None)
        return Line(tuple(words), box, base)

    def _word(self, word: etree._Element) -> Iterator[Word]:
        text, confidence = self._reading(word)
        return shared(text, self._box(word), confidence)

    def _reading(self, element: etree._Element) -> tuple[str, float | None]:
        """The text with the lowest index, and how sure it is."""
        found = sorted(children(element, "TextEquiv"), key=self._index_of_reading)
        for one in found:
            text = next((part.text or "" for part in children(one, "Unicode")), "")
            return text, number(one, "conf", self._name)
        return "", None

    def _index_of_reading(self, element: etree._Element) -> float:
        found = number(element, "index", self._name)
        return -1.0 if found is None else found

    def _box(self, element: etree._Element) -> Box:
        coordinates = next(children(element, "Coords"), None)
        if coordinates is None:
            raise JobFailedError(
                document_texts.NO_PLACE(line=element.sourceline, name=self._name, value=local(element))
            )
        points = coordinates.get("points")
        if points is None:  # before 2013
            inner = [f"{one.get('x', '')},{one.get('y', '')}" for one in children(coordinates, "Point")]
            points = " ".join(inner)
        return of_points(points, coordinates, self._name)
