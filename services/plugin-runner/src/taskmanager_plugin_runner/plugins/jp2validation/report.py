"""jpylyzer in this process, and its report as a document. Runs in a child process.

https://jpylyzer.openpreservation.org: the report is that of its version 2, as jpylyzer itself writes it. Two
things differ: no path of this machine is in it, and `propertiesExtension` holds the result of decoding.
"""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jpylyzer import etpatch, jpylyzer
from lxml import etree

from taskmanager_plugin_runner.plugins.jp2validation import texts
from taskmanager_plugin_runner.plugins.validation.reports import ReportReading, printable_xml
from taskmanager_plugin_runner.plugins.xml_parser import hardened_parser

NAMESPACE: Final = "http://openpreservation.org/ns/jpylyzer/v2/"
_IN: Final = f"{{{NAMESPACE}}}"
READING: Final = ReportReading(f"{_IN}file/{_IN}fileInfo/{_IN}fileName", f"{_IN}file/{_IN}isValid")


@dataclass(frozen=True, slots=True)
class Opinion:
    """What jpylyzer says: valid or not, the tests that failed, why it gave up, and the report."""

    valid: bool
    failed: tuple[str, ...]
    given_up: str
    root: etree._Element
    notes: tuple[str, ...] = ()


def ask(path: Path, kind: str) -> Opinion:
    """What jpylyzer says of a file as `jp2`, `jph` or `j2c`."""
    with contextlib.redirect_stderr(io.StringIO()):  # it repeats there what is in the report
        found = jpylyzer.checkOneFile(str(path), kind)
    given_up = found.findtext("statusInfo/failureMessage") or ""
    failed = tuple(_failed(found.find("tests")))
    notes: tuple[str, ...] = ()
    try:
        root = _document(found)
    except etree.XMLSyntaxError as error:
        found.remove(found.find("properties"))
        root, notes = _document(found), (texts.REPORT_ODD(error=error),)
    for name in ("fileName", "filePath"):
        root.find(f"{_IN}file/{_IN}fileInfo/{_IN}{name}").text = printable_xml(path.name)
    return Opinion(found.findtext("isValid") == "True", failed, given_up, root, notes)


def _failed(element: etpatch.Element, path: str = "") -> Iterator[str]:
    """The paths of the tests that say False."""
    for child in element:
        name = f"{path}/{child.tag}" if path else child.tag
        if len(child):
            yield from _failed(child, name)
        elif child.text == "False":
            yield name


def _document(found: etpatch.Element) -> etree._Element:
    """The whole document; raises XMLSyntaxError if the properties of the file do not fit into XML."""
    inner = etpatch.tostring(found, "unicode", "xml")
    tool = (
        f"<toolInfo><toolName>jpylyzer</toolName><toolVersion>{jpylyzer.__version__}</toolVersion></toolInfo>"
    )
    parser = hardened_parser(huge=True)
    text = f'<jpylyzer xmlns="{NAMESPACE}">{tool}{inner}</jpylyzer>'
    return etree.fromstring(text.encode("utf-8", errors="replace"), parser)


def add_decoding(root: etree._Element, *, complete: bool, faults: list[str]) -> None:
    """Put the result of decoding where jpylyzer has room for others."""
    file = root.find(f"{_IN}file")
    extension = file.find(f"{_IN}propertiesExtension")
    if extension is None:
        extension = etree.Element(f"{_IN}propertiesExtension")
        file.find(f"{_IN}warnings").addprevious(extension)
    made = etree.SubElement(extension, f"{_IN}decoding", complete=str(complete))
    for fault in faults:
        etree.SubElement(made, f"{_IN}fault").text = printable_xml(fault)


def written(root: etree._Element) -> bytes:
    """The document as bytes."""
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"
