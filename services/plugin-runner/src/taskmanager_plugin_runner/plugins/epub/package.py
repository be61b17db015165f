"""Packs an EPUB 3: the container, the package document with its metadata, and all files in their order."""

import uuid
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from lxml import etree

from taskmanager_plugin_runner.plugins.epub import content
from taskmanager_plugin_runner.plugins.epub.paragraphs import clean
from taskmanager_plugin_runner.plugins.goobi_metadata.languages import bcp47
from taskmanager_plugin_runner.plugins.goobi_metadata.model import Description

OPF: Final = "http://www.idpf.org/2007/opf"
DC: Final = "http://purl.org/dc/elements/1.1/"
FOLDER: Final = "EPUB"
MIMETYPE: Final = "application/epub+zip"
_CONTAINER: Final = f"""<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles>
    <rootfile full-path="{FOLDER}/package.opf" media-type="application/oebps-package+xml"/>
  </rootfiles>
</container>
"""
_NAMESPACE: Final = uuid.UUID("6f1c1c9e-5d0b-5d43-9f6b-0a6ad9a0f0b1")


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """What the package document says about the book."""

    title: str
    description: Description
    with_pictures: bool

    @property
    def language(self) -> str:
        """The first language as BCP 47 writes it; `und` if it is not known."""
        return bcp47(self.description.languages)[0]


def pack(
    target: Path,
    facts: PackageFacts,
    texts: Mapping[str, bytes],
    pictures: Sequence[Path],
    navigation: bytes,
) -> None:
    """Write the EPUB; `texts` are the files of the text by name, in reading order."""
    now = datetime.now(UTC)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        # the first entry, not compressed: by it, programs recognise an EPUB (OCF 3.3, 4.3)
        archive.writestr(_entry("mimetype", now, zipfile.ZIP_STORED), MIMETYPE)
        archive.writestr(_entry("META-INF/container.xml", now), _CONTAINER)
        document = _package(facts, texts, pictures, now)
        archive.writestr(_entry(f"{FOLDER}/package.opf", now), document)
        archive.writestr(_entry(f"{FOLDER}/nav.xhtml", now), navigation)
        archive.writestr(_entry(f"{FOLDER}/style.css", now), content.STYLE)
        for name, data in texts.items():
            archive.writestr(_entry(f"{FOLDER}/text/{name}", now), data)
        for picture in pictures:
            entry = _entry(f"{FOLDER}/pictures/{picture.name}", now, zipfile.ZIP_STORED)
            archive.writestr(entry, picture.read_bytes())


def _entry(name: str, now: datetime, compression: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, now.timetuple()[:6])
    entry.compress_type = compression
    entry.external_attr = 0o644 << 16
    return entry


def _package(
    facts: PackageFacts, texts: Mapping[str, bytes], pictures: Sequence[Path], now: datetime
) -> bytes:
    root = etree.Element(f"{{{OPF}}}package", nsmap={None: OPF})
    root.attrib.update({"version": "3.0", "unique-identifier": "id"})
    _metadata(root, facts, now)
    manifest = etree.SubElement(root, f"{{{OPF}}}manifest")
    _item(manifest, "nav", "nav.xhtml", "application/xhtml+xml").set("properties", "nav")
    _item(manifest, "style", "style.css", "text/css")
    spine = etree.SubElement(root, f"{{{OPF}}}spine")
    for number, name in enumerate(texts, start=1):
        _item(manifest, f"text_{number}", f"text/{name}", "application/xhtml+xml")
        etree.SubElement(spine, f"{{{OPF}}}itemref", idref=f"text_{number}")
    for number, picture in enumerate(pictures, start=1):
        item = _item(manifest, f"picture_{number}", f"pictures/{picture.name}", "image/jpeg")
        if number == 1:
            item.set("properties", "cover-image")
    made: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)
    return made


def _item(manifest: etree._Element, name: str, address: str, kind: str) -> etree._Element:
    item = etree.SubElement(manifest, f"{{{OPF}}}item")
    item.attrib.update({"id": name, "href": address, "media-type": kind})
    return item


def _metadata(root: etree._Element, facts: PackageFacts, now: datetime) -> None:
    metadata = etree.SubElement(root, f"{{{OPF}}}metadata", nsmap={"dc": DC})
    said = facts.description

    def add(name: str, value: str | None) -> None:
        if value and (text := clean(value).strip()):
            etree.SubElement(metadata, f"{{{DC}}}{name}").text = text

    key = "\n".join((*said.identifiers, facts.title))
    identifier = etree.SubElement(metadata, f"{{{DC}}}identifier", id="id")
    identifier.text = f"urn:uuid:{uuid.uuid5(_NAMESPACE, key)}"
    for one in said.identifiers:
        add("identifier", one)
    add("title", facts.title)
    for one in bcp47(said.languages):
        add("language", one)
    for one in said.authors:
        add("creator", one)
    add("publisher", said.publisher)
    add("date", said.date)
    add("rights", said.rights)
    modes = ("textual", "visual") if facts.with_pictures else ("textual",)
    properties = [("dcterms:modified", now.strftime("%Y-%m-%dT%H:%M:%SZ"))]
    properties += [("schema:accessMode", mode) for mode in modes]
    properties += [("schema:accessibilityFeature", one) for one in ("tableOfContents", "pageBreakMarkers")]
    properties += [("schema:accessibilityHazard", "none"), ("schema:accessModeSufficient", "textual")]
    for name, value in properties:
        etree.SubElement(metadata, f"{{{OPF}}}meta", property=name).text = value
