"""The XHTML files of an EPUB 3: the text with its page breaks, and the navigation. Pure, apart from lxml."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from taskmanager_plugin_runner.plugins.epub.paragraphs import Paragraph, clean
from taskmanager_plugin_runner.plugins.goobi_metadata.bookmarks import Bookmark

XHTML: Final = "http://www.w3.org/1999/xhtml"
OPS: Final = "http://www.idpf.org/2007/ops"
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
STYLE: Final = """body { margin: 1em; line-height: 1.4; }
p { margin: 0; text-indent: 1.2em; }
h2 { font-size: 1.2em; }
span.pagebreak { display: block; color: #666; font-size: 0.8em; text-align: right; }
figure { margin: 1em 0; text-align: center; }
figure img { max-width: 100%; }
"""


@dataclass(frozen=True, slots=True)
class ContentPage:
    """A page as it appears: its printed number or its position, its paragraphs, the name of its picture."""

    number: int
    label: str
    paragraphs: tuple[Paragraph, ...]
    picture: str | None = None

    @property
    def id(self) -> str:
        """Of the page break."""
        return f"page_{self.number:05d}"


def text_file(pages: Sequence[ContentPage], title: str, language: str) -> bytes:
    """One file of the text."""
    html, body = _document(title, language, "../style.css")
    for page in pages:
        mark = _add(body, "span", clean(page.label))
        mark.set(f"{{{OPS}}}type", "pagebreak")
        mark.set("role", "doc-pagebreak")
        mark.set("aria-label", clean(page.label))
        mark.set("class", "pagebreak")
        mark.set("id", page.id)
        for paragraph in page.paragraphs:
            _add(body, "h2" if paragraph.heading else "p", paragraph.text)
        if page.picture is not None:
            figure = _add(body, "figure")
            _add(figure, "img").attrib.update(
                {"src": f"../pictures/{page.picture}", "alt": clean(page.label)}
            )
    return _bytes(html)


def navigation(
    title: str,
    language: str,
    contents: Sequence[Bookmark],
    pages: Sequence[ContentPage],
    file_of: Sequence[str],
) -> bytes:
    """The navigation: contents, printed page numbers, and where the text begins.

    `file_of` has the name of the file for each page.
    """
    html, body = _document(title, language, "style.css")
    toc = _nav(body, "toc", title)
    _entries(toc, contents or [Bookmark(title, 0)], pages, file_of)
    numbers = _nav(body, "page-list", None)
    rows = _add(numbers, "ol")
    for page, file in zip(pages, file_of, strict=True):
        _add(_add(rows, "li"), "a", clean(page.label)).set("href", f"text/{file}#{page.id}")
    landmarks = _add(_nav(body, "landmarks", None), "ol")
    start = _add(_add(landmarks, "li"), "a", title)
    start.set(f"{{{OPS}}}type", "bodymatter")
    start.set("href", f"text/{file_of[0]}")
    return _bytes(html)


def _nav(body: etree._Element, kind: str, heading: str | None) -> etree._Element:
    nav = _add(body, "nav")
    nav.set(f"{{{OPS}}}type", kind)
    if heading is None:
        nav.set("hidden", "hidden")
    else:
        _add(nav, "h1", heading)
    return nav


def _entries(
    above: etree._Element, marks: Sequence[Bookmark], pages: Sequence[ContentPage], file_of: Sequence[str]
) -> None:
    rows = _add(above, "ol")
    for mark in marks:
        row = _add(rows, "li")
        target = f"text/{file_of[mark.page]}#{pages[mark.page].id}"
        _add(row, "a", clean(mark.title)).set("href", target)
        if mark.children:
            _entries(row, mark.children, pages, file_of)


def _document(title: str, language: str, style: str) -> tuple[etree._Element, etree._Element]:
    html = etree.Element(f"{{{XHTML}}}html", nsmap={None: XHTML, "epub": OPS})
    html.set("lang", language)
    html.set(_XML_LANG, language)
    head = _add(html, "head")
    _add(head, "title", clean(title))
    link = _add(head, "link")
    link.attrib.update({"rel": "stylesheet", "type": "text/css", "href": style})
    return html, _add(html, "body")


def _add(above: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(above, f"{{{XHTML}}}{name}")
    element.text = text
    return element


def _bytes(html: etree._Element) -> bytes:
    made: bytes = etree.tostring(
        html, encoding="utf-8", xml_declaration=True, doctype="<!DOCTYPE html>", pretty_print=True
    )
    return made
