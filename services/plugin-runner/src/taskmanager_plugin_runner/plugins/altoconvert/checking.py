"""Counts the words of a source and of its result by another parser than that which converted them.

Knows as little of the formats as possible: a reader that overlooks text is to be noticed here.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import document_texts
from taskmanager_plugin_runner.plugins.altoconvert import texts
from taskmanager_plugin_runner.plugins.altoconvert.formats.abbyy import SOFT_HYPHENS
from taskmanager_plugin_runner.plugins.altoconvert.formats.choice import TextFormat

_VARIANTS: Final = frozenset({"wordRecVariants", "charRecVariants", "TextEquiv"})


def require_same_words(source: Path, kind: TextFormat, results: Sequence[Path]) -> int:
    """The number of words; raises JobFailedError if a word was lost, added or changed."""
    wanted = Counter(_SOURCES[kind](_parsed(source)))
    found = Counter(word for path in results for word in _of_alto(_parsed(path)))
    if kind is TextFormat.HOCR:  # which need not say where a word ends
        wanted, found = _letters(wanted), _letters(found)
    if wanted != found:
        lost, added = wanted - found, found - wanted
        shown = ", ".join(list(lost)[:5]) or ", ".join(list(added)[:5])
        raise JobFailedError(texts.WORDS_DIFFER(lost=lost.total(), added=added.total(), shown=shown))
    return sum(1 for path in results for _ in _of_alto(_parsed(path)))


def _parsed(path: Path) -> ET.Element:
    try:
        return ET.parse(path).getroot()  # noqa: S314 - parsed before, and refused if it declares entities
    except ET.ParseError as error:
        raise JobFailedError(document_texts.NOT_WELL_FORMED(name=path.name, error=error)) from error


def _letters(words: Counter[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for word, number in words.items():
        for letter in word:
            found[letter] += number
    return found


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _all(root: ET.Element, name: str) -> Iterator[ET.Element]:
    return (one for one in root.iter() if _local(one) == name)


def _text(element: ET.Element) -> str:
    """All text within, but not that of variants."""
    parts = [element.text or ""]
    for child in element:
        if _local(child) not in _VARIANTS:
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _of_abbyy(root: ET.Element) -> Iterator[str]:
    for line in _all(root, "line"):
        for letter in list(_all(line, "formatting")):
            if any(_local(one) == "charParams" for one in letter):  # blanks between elements are none
                letter.text = None
                for one in letter:
                    one.tail = None
        line.text = None
        for one in line:
            one.tail = None
        words = _text(line).split()
        if words and words[-1][-1] in SOFT_HYPHENS:
            words[-1] = words[-1].rstrip(SOFT_HYPHENS) + "-"
        yield from words


def _of_page(root: ET.Element) -> Iterator[str]:
    for region in _all(root, "TextRegion"):
        lines = [one for one in region if _local(one) == "TextLine"]
        if not lines:
            yield from _reading(region).split()
        for line in lines:
            words = [text for one in line if _local(one) == "Word" for text in _reading(one).split()]
            yield from words or _reading(line).split()


def _reading(element: ET.Element) -> str:
    readings = [one for one in element if _local(one) == "TextEquiv"]
    if not readings:
        return ""
    first = min(readings, key=lambda one: float(one.get("index", "-1")))
    return next((one.text or "" for one in first if _local(one) == "Unicode"), "")


def _of_hocr(root: ET.Element) -> Iterator[str]:
    for page in root.iter():
        if "ocr_page" in page.get("class", "").split():
            yield from "".join(page.itertext()).split()


def _of_alto(root: ET.Element) -> Iterator[str]:
    for line in _all(root, "TextLine"):
        words: list[str] = []
        for one in line:
            if _local(one) == "String":
                words += one.get("CONTENT", "").split()
            elif _local(one) == "HYP" and words:
                words[-1] += one.get("CONTENT", "-").strip()
        yield from words


_SOURCES: Final[dict[TextFormat, Callable[[ET.Element], Iterator[str]]]] = {
    TextFormat.ABBYY: _of_abbyy,
    TextFormat.PAGE: _of_page,
    TextFormat.HOCR: _of_hocr,
    TextFormat.ALTO: _of_alto,
}
