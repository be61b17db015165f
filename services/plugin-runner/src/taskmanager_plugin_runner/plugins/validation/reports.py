"""The summary of a job, and the proof of its reports, which another parser than their writer reads again.

Reports are written by lxml; they are read here by expat, which refuses what is not well-formed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.validation.texts import ValidationTexts
from taskmanager_plugin_runner.plugins.validation.verdicts import Examination

FOLDER: Final = "validation"
"""Below the destination, as Goobi's own validation of TIFFs names it."""
VALID, INVALID = "valid", "invalid"


@dataclass(frozen=True, slots=True)
class ReportReading:
    """Where a report says which file it is about and what the verdict on its format is.

    Both are paths as ElementTree takes them, from the root, with namespaces in braces. `name_attribute` is
    read instead of the text if it is set.
    """

    name: str
    status: str
    name_attribute: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """One file of the job: its verdict, and its report once it was written."""

    file: Path
    report: Path
    examination: Examination
    status: str
    """What the report must say of the format."""


def require_reports(
    reported: Iterable[Reported], files: int, reading: ReportReading, texts: ValidationTexts
) -> None:
    """Raise JobFailedError unless each file has a report that can be read and says what was found."""
    proven = 0
    for one in reported:
        found = _read(one.report, reading, texts)
        wanted = (printable_xml(one.file.name), one.status)
        if found != wanted:
            raise JobFailedError(
                texts.report_differs(name=one.report.name, found=" / ".join(found), wanted=" / ".join(wanted))
            )
        proven += 1
    if proven != files:
        raise JobFailedError(texts.reports_missing(number=proven, total=files))


def require_summary(path: Path, files: int, texts: ValidationTexts) -> None:
    """Raise JobFailedError unless the summary can be read and names as many files as there are."""
    found = len(_parsed(path, texts).findall("file"))
    if found != files:
        raise JobFailedError(texts.reports_missing(number=found, total=files))


def _parsed(path: Path, texts: ValidationTexts) -> ET.Element:
    try:
        return ET.parse(path).getroot()  # noqa: S314 - written by this job
    except (OSError, ET.ParseError) as error:
        raise JobFailedError(texts.report_unreadable(name=path.name, error=error)) from error


def _read(report: Path, reading: ReportReading, texts: ValidationTexts) -> tuple[str, str]:
    root = _parsed(report, texts)
    named, status = root.find(reading.name), root.find(reading.status)
    name = None if named is None else named.get(reading.name_attribute) or named.text
    return name or "-", (None if status is None else status.text) or "-"


_HEADING: Final = ("plugin", "version", "profile", "title", "process")


def summary(heading: Mapping[str, str], reported: Iterable[Reported], folder: str) -> bytes:
    """The document about the whole job; `folder` is where the reports are, seen from the summary.

    `heading` has plugin, version, profile, title and process.
    """
    entries = list(reported)
    invalid = sum(1 for one in entries if not one.examination.valid)
    counts = {"files": len(entries), "valid": len(entries) - invalid, "invalid": invalid}
    pages = sum(one.examination.pages for one in entries)
    attributes = {name: printable_xml(heading[name]) for name in _HEADING if heading.get(name)}
    root = ET.Element(
        "validation",
        attributes | {name: str(number) for name, number in counts.items()} | {"pages": str(pages)},
    )
    for one in entries:
        root.append(_entry(one, folder))
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _entry(one: Reported, folder: str) -> ET.Element:
    found = one.examination
    verdict = VALID if found.valid else INVALID
    attributes = {
        "name": one.file.name,
        "verdict": verdict,
        "format": one.status,
        "pages": str(found.pages),
        "bytes": str(one.file.stat().st_size),
        "report": f"{folder}/{one.report.name}",
    }
    entry = ET.Element("file", {name: printable_xml(value) for name, value in attributes.items()})
    for kind, sentences in (("fault", found.faults), ("note", found.notes)):
        for sentence in sentences:
            ET.SubElement(entry, kind).text = printable_xml(str(sentence))
    return entry


def printable_xml(text: str) -> str:
    """The text without the characters that XML 1.0 cannot hold, which are shown as their numbers."""
    return "".join(letter if _is_xml(ord(letter)) else f"\\x{ord(letter):02x}" for letter in text)


def _is_xml(number: int) -> bool:
    """Whether XML 1.0 may hold the character (section 2.2)."""
    return (
        number in {9, 10, 13}
        or 0x20 <= number <= 0xD7FF  # noqa: PLR2004 - the ranges of the standard
        or 0xE000 <= number <= 0xFFFD  # noqa: PLR2004
        or number >= 0x10000  # noqa: PLR2004
    )
