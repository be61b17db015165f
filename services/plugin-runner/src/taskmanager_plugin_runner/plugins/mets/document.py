"""Reads a METS document: no entities, nothing from the network, no more than a limit."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml import etree

from taskmanager_plugin_runner.plugins.fulltext import xml_files
from taskmanager_plugin_runner.plugins.mets import texts

METS: Final = "http://www.loc.gov/METS/"
XLINK: Final = "http://www.w3.org/1999/xlink"
BYTES_MOST: Final = 256 * 1024 * 1024
_REFUSALS: Final = xml_files.Refusals(
    too_large=lambda _, size, most: texts.TOO_LARGE(size=f"{size:,}", most=f"{most:,}"),
    not_well_formed=lambda _, error: texts.NOT_WELL_FORMED(error=error),
    with_dtd=lambda _: texts.HAS_DTD(),
)


@dataclass(frozen=True, slots=True)
class NamedFile:
    """One file that METS names; `size` in bytes."""

    id: str
    group: str
    href: str
    size: str | None
    checksum: str | None
    checksum_type: str | None


def name(local: str) -> str:
    """A name of METS as lxml writes it."""
    return f"{{{METS}}}{local}"


def parse(path: Path) -> etree._ElementTree:
    """The document; raises JobFailedError if it is too large or not well-formed, or has a document type."""
    return xml_files.parse(path, keep_blanks=True, most=BYTES_MOST, refusals=_REFUSALS)


def files(root: etree._Element) -> list[NamedFile]:
    """All files with a place, in the order of the document."""
    found = list[NamedFile]()
    for file in root.iter(name("file")):
        group = next((one.get("USE", "") for one in file.iterancestors(name("fileGrp"))), "")
        for place in file.findall(name("FLocat")):
            found.append(
                NamedFile(
                    id=file.get("ID", ""),
                    group=group,
                    href=place.get(f"{{{XLINK}}}href", ""),
                    size=file.get("SIZE"),
                    checksum=file.get("CHECKSUM"),
                    checksum_type=file.get("CHECKSUMTYPE"),
                )
            )
    return found
