"""ALTO 4 from what Tesseract writes (ALTO 3), and what such a file says.

See the schema ALTO 4.4 of the Library of Congress. `alto.rng` is the part of it that results here may use.
"""

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.fulltext import xml_files
from taskmanager_plugin_runner.plugins.ocr import texts

NAMESPACE: Final = "http://www.loc.gov/standards/alto/ns-v4#"
SCHEMA_VERSION: Final = "4.4"
_SCHEMA_ADDRESS: Final = "http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
_LOCATION: Final = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
_RULES: Final = Path(__file__).parent / "alto.rng"
_REFUSALS: Final = xml_files.Refusals(
    not_well_formed=lambda path, error: texts.NOT_WELL_FORMED(name=path.name, error=error)
)


@dataclass(frozen=True, slots=True)
class Text:
    """What one ALTO file says: the size of its page in pixels, its words, and how sure each of them is."""

    width: int
    height: int
    words: tuple[str, ...]
    confidences: tuple[float, ...]
    """From 0 to 1, one per word."""

    @property
    def confidence(self) -> int | None:
        """The mean in percent; None without words."""
        return round(100 * statistics.fmean(self.confidences)) if self.confidences else None


def convert(path: Path, picture: str, settings: str) -> None:
    """Make ALTO 4 of Tesseract's file in place; `picture` is the name of the source file.

    `settings` say how Tesseract was called. Raises JobFailedError if the file is not well-formed.
    """
    tree = parse(path)
    root = etree.Element(
        _name("alto"), nsmap={None: NAMESPACE, "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
    )
    root.set(_LOCATION, f"{NAMESPACE} {_SCHEMA_ADDRESS}")
    root.set("SCHEMAVERSION", SCHEMA_VERSION)
    for old in tree.getroot().iter(etree.Element):
        old.tag = _name(etree.QName(old).localname)
    root.extend(list(tree.getroot()))
    _describe(root, picture, settings)
    page = root.find(f".//{_name('Page')}")
    if page is not None:
        page.set("PHYSICAL_IMG_NR", "1")
    for space in root.iter(_name("SP")):
        space.set("WIDTH", str(max(0, int(space.get("WIDTH", "0")))))  # on a page that lies on its side
    etree.indent(root)
    etree.ElementTree(root).write(str(path), encoding="UTF-8", xml_declaration=True)


def _describe(root: etree._Element, picture: str, settings: str) -> None:
    """Name the source file, and say by the element of ALTO 4 what was done."""
    name = root.find(f".//{_name('fileName')}")
    if name is not None:
        name.text = picture
    old = root.find(f".//{_name('OCRProcessing')}")
    if old is None:
        return
    software = old.find(f".//{_name('softwareName')}")
    step = etree.Element(_name("Processing"), ID="processing_1")
    etree.SubElement(step, _name("processingCategory")).text = "contentGeneration"
    etree.SubElement(step, _name("processingStepSettings")).text = settings
    program = etree.SubElement(step, _name("processingSoftware"))
    title, _, release = ((software.text or "") if software is not None else "").partition(" ")
    etree.SubElement(program, _name("softwareName")).text = title
    etree.SubElement(program, _name("softwareVersion")).text = release
    description = old.getparent()
    if description is not None:
        description.replace(old, step)


def read(path: Path) -> Text:
    """What a file says; raises JobFailedError if it is not as ALTO 4 prescribes, or odd in itself."""
    tree = parse(path)
    if (first := xml_files.first_fault(tree, _RULES)) is not None:
        raise JobFailedError(texts.NOT_AS_ALTO(line=first.line, error=first.message))
    pages = tree.findall(f".//{_name('Page')}")
    if len(pages) != 1:
        raise JobFailedError(texts.PAGES_IN_RESULT(name=path.name, number=len(pages)))
    width, height = (int(pages[0].get(key, "0")) for key in ("WIDTH", "HEIGHT"))
    strings = list(pages[0].iter(_name("String")))
    for string in strings:
        _require_inside(string, width, height)
    return Text(
        width,
        height,
        tuple(string.get("CONTENT", "") for string in strings),
        tuple(float(string.get("WC", "0")) for string in strings),
    )


def _require_inside(string: etree._Element, width: int, height: int) -> None:
    left, top, wide, high = (int(string.get(key, "0")) for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    if left < 0 or top < 0 or left + wide > width or top + high > height:
        raise JobFailedError(texts.OUTSIDE(word=string.get("CONTENT", "")))


def parse(path: Path) -> etree._ElementTree:
    """A file as XML, nothing fetched; raises JobFailedError as `xml_files.parse` does."""
    return xml_files.parse(path, refusals=_REFUSALS)


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"
