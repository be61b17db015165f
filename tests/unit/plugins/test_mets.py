"""METS without a job: references, addresses, checksums, schemas."""

import hashlib
import zlib
from pathlib import Path

import pytest
from lxml import etree
from pydantic import ValidationError

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.mets import (
    MetsPlugin,
    document,
    examination,
    places,
    schema,
    structure,
)
from taskmanager_plugin_runner.plugins.mets.document import NamedFile
from taskmanager_plugin_runner.plugins.mets.places import Where
from taskmanager_plugin_runner.plugins.mets.profile import Profile

HEAD = '<mets:mets xmlns:mets="http://www.loc.gov/METS/" xmlns:xlink="http://www.w3.org/1999/xlink">'
DESCRIPTION = '<mets:dmdSec ID="DMD1"><mets:mdWrap MDTYPE="MODS"><mets:xmlData/></mets:mdWrap></mets:dmdSec>'
FILE = '<mets:file ID="F1"><mets:FLocat LOCTYPE="URL" xlink:href="images/1.tif"/></mets:file>'
FILES = '<mets:fileSec><mets:fileGrp USE="PRESENTATION">%s</mets:fileGrp></mets:fileSec>'
STRUCTURE = '<mets:structMap TYPE="PHYSICAL"><mets:div ID="P0" DMDID="DMD1">%s</mets:div></mets:structMap>'
PAGE = '<mets:div ID="P1" ORDER="1"><mets:fptr FILEID="F1"/></mets:div>'


def mets(files: str = FILE, pages: str = PAGE, more: str = "", description: str = DESCRIPTION) -> str:
    return f"{HEAD}{description}{FILES % files}{STRUCTURE % pages}{more}</mets:mets>"


def root(text: str) -> etree._Element:
    return etree.fromstring(text.encode())


def test_a_sound_document_has_no_fault() -> None:
    assert list(structure.faults(root(mets()))) == []
    assert list(structure.notes(root(mets()))) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<html/>", "its root is html"),
        (mets(description=""), "DMDID names DMD1, which is no dmdSec"),
        (mets(files=""), "FILEID names F1, which is no file"),
        (mets(pages='<mets:div ID="P0"/>'), "the ID P0 is there twice"),
        (mets(pages='<mets:div ID="P1" ADMID="DMD1"/>'), "ADMID names DMD1"),
        (mets(files='<mets:file ID="F1"/>'), "has no FLocat"),
        (mets(files=FILE.replace(' ID="F1"', "")), "has no ID"),
        (mets(files=FILE.replace(' LOCTYPE="URL"', "")), "has no LOCTYPE"),
        (mets(files=FILE.replace('ID="F1"', 'ID="F1" CHECKSUM="0"')), "has no CHECKSUMTYPE"),
        (f"{HEAD}</mets:mets>", "no structMap"),
        (
            mets(more='<mets:structLink><mets:smLink xlink:from="P0" xlink:to="P9"/></mets:structLink>'),
            "xlink:to names P9",
        ),
    ],
)
def test_what_leads_nowhere_is_a_fault(text: str, said: str) -> None:
    assert any(said in fault for fault in structure.faults(root(text)))


def test_identifiers_of_what_is_wrapped_are_none_of_our_business() -> None:
    inner = DESCRIPTION.replace("<mets:xmlData/>", '<mets:xmlData><x ID="P1" xmlns="y"/></mets:xmlData>')
    assert list(structure.faults(root(mets(description=inner)))) == []


def test_unused_files_and_doubled_orders_are_notes() -> None:
    said = list(structure.notes(root(mets(pages=PAGE.replace("F1", "") + '<mets:div ORDER="1"/>'))))
    assert any("F1" in note for note in said)
    assert any("ORDER 1" in note for note in said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<mets", "not well-formed"),
        (f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>{mets()}', "declares a document type"),
        (f'<!DOCTYPE x [<!ENTITY a "aaaa">]>{mets()}', "declares a document type"),
    ],
)
def test_what_is_unsafe_or_broken_is_not_read(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mets.xml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(JobFailedError, match=said):
        document.parse(path)


def named(href: str, group: str = "LOCAL") -> NamedFile:
    return NamedFile("F1", group, href, None, None, None)


THERE = ("images/a_media/1.tif", "images/master_a_media/1.tif", "images/a_media/2 x%.tif", "mets.xml")
GROUPS = {"PRESENTATION": "images/a_media"}


@pytest.mark.parametrize(
    ("href", "group", "where", "file"),
    [
        ("images/a_media/1.tif", "LOCAL", Where.THERE, "images/a_media/1.tif"),
        ("./images/../images/a_media/1.tif", "LOCAL", Where.THERE, "images/a_media/1.tif"),
        ("images/a_media/2%20x%25.tif", "LOCAL", Where.THERE, "images/a_media/2 x%.tif"),
        ("images/a_media/2 x%.tif", "LOCAL", Where.THERE, "images/a_media/2 x%.tif"),
        ("file:///opt/goobi/metadata/7/images/a_media/1.tif", "LOCAL", Where.THERE, "images/a_media/1.tif"),
        ("file:///opt/goobi/metadata/7/images/b_media/1.tif", "LOCAL", Where.MISSING, None),
        ("images/a_media/9.tif", "LOCAL", Where.MISSING, None),
        ("../../etc/passwd", "LOCAL", Where.MISSING, None),
        ("http://[x/1.tif", "LOCAL", Where.MISSING, None),
        ("https://example.org/1.tif", "LOCAL", Where.ELSEWHERE, None),
        ("https://example.org/x/1.jpg", "PRESENTATION", Where.THERE, "images/a_media/1.tif"),
        ("https://example.org/x/3.jpg", "PRESENTATION", Where.MISSING, None),
    ],
)
def test_an_address_means_a_file_of_the_source_or_none(
    href: str, group: str, where: Where, file: str | None
) -> None:
    found = places.placed([named(href, group)], THERE, "mets.xml", GROUPS)[0]
    assert (found.where, found.file) == (where, file)


def test_files_beside_named_ones_must_be_named_too() -> None:
    found = places.placed([named("images/a_media/1.tif")], THERE, "mets.xml", {})
    assert places.not_named(found, THERE, ()) == ["images/a_media/2 x%.tif"]
    assert places.not_named(found, THERE, ("images/master_*",)) == [
        "images/master_a_media/1.tif",
        "images/a_media/2 x%.tif",
    ]


def test_checksums_of_all_kinds_are_made_as_their_standards_say(tmp_path: Path) -> None:
    path = tmp_path / "1"
    path.write_bytes(b"page" * 3_000_000)
    data = path.read_bytes()
    assert examination.checksum(path, "SHA-1") == hashlib.sha1(data, usedforsecurity=False).hexdigest()
    assert examination.checksum(path, "CRC32") == f"{zlib.crc32(data):08x}"
    assert examination.checksum(path, "Adler-32") == f"{zlib.adler32(data):08x}"


MAIN = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:o="urn:other"
  targetNamespace="urn:main" elementFormDefault="qualified">
  <xs:import namespace="urn:other" schemaLocation="http://unreachable.invalid/other.xsd"/>
  <xs:element name="a"><xs:complexType><xs:sequence>
    <xs:element ref="o:b"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""
OTHER = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:other">
  <xs:element name="b" type="xs:integer"/></xs:schema>"""


def test_a_schema_takes_what_it_imports_from_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "main.xsd").write_text(MAIN, encoding="utf-8")
    (tmp_path / "other.xsd").write_text(OTHER, encoding="utf-8")
    good = etree.ElementTree(root('<a xmlns="urn:main"><b xmlns="urn:other">1</b></a>'))
    bad = etree.ElementTree(root('<a xmlns="urn:main"><b xmlns="urn:other">x</b></a>'))
    assert list(schema.faults(good, tmp_path / "main.xsd")) == []
    assert "not as main.xsd prescribes" in next(schema.faults(bad, tmp_path / "main.xsd"))


def test_a_schema_that_is_not_whole_is_no_verdict(tmp_path: Path) -> None:
    (tmp_path / "main.xsd").write_text(MAIN, encoding="utf-8")
    with pytest.raises(JobFailedError, match=r"main\.xsd cannot be used"):
        next(schema.faults(etree.ElementTree(root("<a/>")), tmp_path / "main.xsd"))


def test_templates_fill_in_the_title_literally() -> None:
    profile = Profile(title="x", groups={"A": "images/{title}_media"}, folders=("ocr/{title}*",))
    assert profile.about("b[1]").groups == {"A": "images/b[[]1]_media"}
    assert profile.about("").folders == ("ocr/**",)
    with pytest.raises(ValidationError, match="names in the source folder itself"):
        Profile(title="x", documents=("a/b.xml",))
    assert set(MetsPlugin().manifest.templates) == {"mets", "dfg-viewer"}
