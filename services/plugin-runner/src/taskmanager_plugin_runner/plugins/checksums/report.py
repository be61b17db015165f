"""The report of a comparison as XML: written by one parser, read again by another."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager.model.printable import printable
from taskmanager_plugin_runner.plugins.checksums import texts
from taskmanager_plugin_runner.plugins.checksums.comparison import Fate, Finding
from taskmanager_plugin_runner.plugins.validation.reports import printable_xml


def write(path: Path, findings: Collection[Finding], heading: Mapping[str, str]) -> None:
    """Write the report; raises JobFailedError if it does not say what was found when it is read again."""
    counts = _counts(one.fate.value for one in findings)
    root = etree.Element("checksums", {**{name: _said(text) for name, text in heading.items()}, **counts})
    for one in findings:
        entry = etree.SubElement(root, "file", name=_said(one.name), state=one.fate.value)
        for kind, digests in (("listed", one.listed), ("found", one.found)):
            for algorithm, digest in digests.items():
                etree.SubElement(entry, kind, algorithm=algorithm.value).text = digest
    etree.indent(root)
    etree.ElementTree(root).write(str(path), encoding="UTF-8", xml_declaration=True)
    _prove(path, counts)


def _prove(path: Path, counts: Mapping[str, str]) -> None:
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - written by this job
    except ET.ParseError as error:
        raise JobFailedError(texts.REPORT_DIFFERS()) from error
    if _counts(one.get("state", "") for one in root.findall("file")) != counts:
        raise JobFailedError(texts.REPORT_DIFFERS())


def _counts(fates: Iterable[str]) -> dict[str, str]:
    found = Counter(fates)
    return {fate.value: str(found[fate.value]) for fate in Fate}


def _said(text: str) -> str:
    return printable_xml(printable(text))
