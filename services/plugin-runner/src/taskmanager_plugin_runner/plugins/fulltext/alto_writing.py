"""Writes the text of a page as ALTO 4.4 (Library of Congress), and checks that it is what the schema allows.

`alto.rng` is the part of the schema that is used here. What a block is, is said by a LayoutTag.
"""

from pathlib import Path
from typing import Final

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import document_texts
from taskmanager_plugin_runner.plugins.fulltext import xml_files
from taskmanager_plugin_runner.plugins.fulltext.model import Area, Block, BlockKind, Box, Line, PageText, Word

NAMESPACE: Final = "http://www.loc.gov/standards/alto/ns-v4#"
SCHEMA_VERSION: Final = "4.4"
_SCHEMA: Final = "http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_RULES: Final = Path(__file__).parent / "alto.rng"
_HYPHENS: Final = "-\u2010\u2e17"


def write(page: PageText, path: Path, picture: str, settings: str) -> None:
    """Write one page; `picture` is the name of its picture, `settings` say how the file was made."""
    root = etree.Element(_name("alto"), nsmap={None: NAMESPACE, "xsi": _INSTANCE})
    root.set(f"{{{_INSTANCE}}}schemaLocation", f"{NAMESPACE} {_SCHEMA}")
    root.set("SCHEMAVERSION", SCHEMA_VERSION)
    _describe(root, picture, settings)
    kinds = dict.fromkeys(block.kind for block in page.blocks if block.kind is not BlockKind.TEXT)
    if kinds:
        tags = etree.SubElement(root, _name("Tags"))
        for kind in kinds:
            etree.SubElement(tags, _name("LayoutTag"), ID=_tag(kind), LABEL=kind.value)
    layout = etree.SubElement(root, _name("Layout"))
    element = etree.SubElement(layout, _name("Page"), ID="page_1", PHYSICAL_IMG_NR="1")
    whole = Box(0, 0, page.width or 0, page.height or 0)
    if page.width and page.height:
        element.set("WIDTH", _number(page.width))
        element.set("HEIGHT", _number(page.height))
    space = etree.SubElement(element, _name("PrintSpace"))
    if page.width and page.height:
        _place(space, whole)
    _Writer(space).write(page)
    etree.indent(root)
    etree.ElementTree(root).write(str(path), encoding="UTF-8", xml_declaration=True)


def require_valid(path: Path) -> None:
    """Raise JobFailedError unless a written file is what the schema allows."""
    if (first := xml_files.first_fault(etree.parse(str(path)), _RULES)) is not None:
        raise JobFailedError(document_texts.NOT_AS_ALTO(name=path.name, line=first.line, error=first.message))


def _describe(root: etree._Element, picture: str, settings: str) -> None:
    description = etree.SubElement(root, _name("Description"))
    etree.SubElement(description, _name("MeasurementUnit")).text = "pixel"
    source = etree.SubElement(description, _name("sourceImageInformation"))
    etree.SubElement(source, _name("fileName")).text = picture
    step = etree.SubElement(description, _name("Processing"), ID="processing_1")
    etree.SubElement(step, _name("processingCategory")).text = "contentModification"
    etree.SubElement(step, _name("processingStepSettings")).text = settings
    program = etree.SubElement(step, _name("processingSoftware"))
    etree.SubElement(program, _name("softwareName")).text = "Goobi TaskManager"


class _Writer:
    """Numbers the elements of one page."""

    def __init__(self, space: etree._Element) -> None:
        self._space, self._counts = space, dict.fromkeys(("block", "area", "line", "string"), 0)

    def write(self, page: PageText) -> None:
        for block in page.blocks:
            self._block(block)
        for area in page.areas:
            self._area(area)

    def _id(self, what: str) -> str:
        self._counts[what] += 1
        return f"{what}_{self._counts[what]}"

    def _block(self, block: Block) -> None:
        element = etree.SubElement(self._space, _name("TextBlock"), ID=self._id("block"))
        _place(element, block.box)
        if block.kind is not BlockKind.TEXT:
            element.set("TAGREFS", _tag(block.kind))
        if block.language:
            element.set("LANG", block.language)
        for line in block.lines:
            if line.words:
                self._line(element, line)

    def _line(self, block: etree._Element, line: Line) -> None:
        element = etree.SubElement(block, _name("TextLine"), ID=self._id("line"))
        _place(element, line.box)
        if line.baseline:
            element.set("BASELINE", line.baseline)
        before: Word | None = None
        for word in line.words:
            if before is not None:
                _space(element, before.box, word.box)
            self._word(element, word)
            before = word

    def _word(self, line: etree._Element, word: Word) -> None:
        divided = word.whole is not None and word.first and word.text[-1:] in _HYPHENS and len(word.text) > 1
        text = word.text[:-1] if divided else word.text
        element = etree.SubElement(line, _name("String"), ID=self._id("string"))
        _place(element, word.box)
        if word.confidence is not None:
            element.set("WC", f"{min(1.0, max(0.0, word.confidence)):.3g}")
        element.set("CONTENT", text)
        if word.whole is not None:
            element.set("SUBS_TYPE", "HypPart1" if word.first else "HypPart2")
            element.set("SUBS_CONTENT", word.whole)
        if divided:
            etree.SubElement(line, _name("HYP"), CONTENT=word.text[-1])

    def _area(self, area: Area) -> None:
        name = "GraphicalElement" if area.drawn else "Illustration"
        _place(etree.SubElement(self._space, _name(name), ID=self._id("area")), area.box)


def _space(line: etree._Element, before: Box | None, after: Box | None) -> None:
    element = etree.SubElement(line, _name("SP"))
    if before is not None and after is not None and after.left > before.right:
        element.set("HPOS", _number(before.right))
        element.set("VPOS", _number(before.top))
        element.set("WIDTH", _number(after.left - before.right))


def _place(element: etree._Element, box: Box | None) -> None:
    if box is None:
        return
    for key, value in zip(
        ("HPOS", "VPOS", "WIDTH", "HEIGHT"), (box.left, box.top, box.width, box.height), strict=True
    ):
        element.set(key, _number(value))


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}"


def _tag(kind: BlockKind) -> str:
    return f"kind_{kind.value}"


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"
