"""What METS and Goobi's own file say about a work, and which picture is which page."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.plugins.drawn_process import PAGES, meta
from tests.sample_data.folder import SAMPLE_DATA

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.goobi_metadata import reading
from taskmanager_plugin_runner.plugins.goobi_metadata.bookmarks import (
    TITLES_DEFAULT,
    Bookmark,
    bookmarks,
    words_of_type,
)
from taskmanager_plugin_runner.plugins.goobi_metadata.matching import match
from taskmanager_plugin_runner.plugins.goobi_metadata.model import Description, Division, Work, WorkPage

BOOKS = SAMPLE_DATA / "books"
MODS = """<?xml version="1.0" encoding="UTF-8"?>
<mets xmlns="http://www.loc.gov/METS/" xmlns:mods="http://www.loc.gov/mods/v3"
 xmlns:xlink="http://www.w3.org/1999/xlink">
<dmdSec ID="D1"><mdWrap MDTYPE="MODS"><xmlData><mods:mods>
 <mods:titleInfo type="uniform"><mods:title>Opera</mods:title></mods:titleInfo>
 <mods:titleInfo><mods:nonSort>Die</mods:nonSort><mods:title>Reise</mods:title>
  <mods:subTitle>in Briefen</mods:subTitle></mods:titleInfo>
 <mods:name><mods:role><mods:roleTerm>prt</mods:roleTerm></mods:role>
  <mods:namePart>A Printer</mods:namePart></mods:name>
 <mods:name><mods:role><mods:roleTerm>aut</mods:roleTerm></mods:role>
  <mods:namePart type="family">Bach</mods:namePart><mods:namePart type="given">Ada</mods:namePart></mods:name>
 <mods:originInfo><mods:edition>[Electronic ed.]</mods:edition>
  <mods:dateIssued>2020</mods:dateIssued></mods:originInfo>
 <mods:originInfo><mods:place><mods:placeTerm type="code">gw</mods:placeTerm></mods:place>
  <mods:place><mods:placeTerm type="text">Halle</mods:placeTerm></mods:place>
  <mods:publisher>Gebauer</mods:publisher>
  <mods:dateIssued keyDate="yes">1791</mods:dateIssued></mods:originInfo>
 <mods:language><mods:languageTerm>ger</mods:languageTerm></mods:language>
 <mods:identifier type="urn">urn:nbn:1</mods:identifier>
 <mods:accessCondition type="use and reproduction" xlink:href="https://example.org/pd">PD</mods:accessCondition>
</mods:mods></xmlData></mdWrap></dmdSec>
<fileSec><fileGrp USE="MAX"><file ID="F1"><FLocat xlink:href="https://example.org/iiif/a%20b.jp2?x=1"/></file>
 <file ID="F2"><FLocat xlink:href="C:\\scans\\0002.tif"/></file></fileGrp></fileSec>
<structMap TYPE="LOGICAL"><div ID="L0" TYPE="multivolume_work" LABEL="All volumes">
 <div ID="L1" TYPE="volume" DMDID="D1"><div ID="L2" TYPE="chapter" LABEL="One"/></div></div></structMap>
<structMap TYPE="PHYSICAL"><div ID="P0" TYPE="physSequence">
 <div ID="P2" TYPE="page" ORDER="2" ORDERLABEL="2"><fptr FILEID="F2"/></div>
 <div ID="P1" TYPE="page" ORDER="1" ORDERLABEL=" - "><fptr FILEID="F1"/></div></div></structMap>
<structLink><smLink xlink:from="L2" xlink:to="P2"/></structLink></mets>"""


def work(tmp_path: Path, text: str) -> Work:
    path = tmp_path / "meta.xml"
    path.write_text(text, encoding="utf-8")
    return reading.read(path)


def test_mods_and_a_structure_with_a_parent_are_read(tmp_path: Path) -> None:
    found = work(tmp_path, MODS)
    assert found.description == Description(
        "Die Reise: in Briefen",
        ("Ada Bach",),
        "Gebauer",
        "Halle",
        "1791",
        ("ger",),
        ("urn:nbn:1",),
        "https://example.org/pd",
    )
    assert found.pages == (WorkPage("P1", None, ("a b",)), WorkPage("P2", "2", ("0002",)))
    (volume,) = found.divisions
    assert (volume.type, volume.title, volume.first_page) == ("volume", "Die Reise: in Briefen", 1)
    assert [(one.label, one.first_page) for one in volume.children] == [("One", 1)]


def test_goobis_own_file_is_read(tmp_path: Path) -> None:
    found = work(tmp_path, meta(PAGES))
    assert (found.description.title, found.description.authors) == ("Of waters & woods", ("Ada Bach",))
    assert [page.label for page in found.pages] == [None, "i", "1", "2"]
    assert [one.stems for one in found.pages] == [(page.stem,) for page in PAGES]
    (top,) = found.divisions
    assert [(one.type, one.title, one.first_page) for one in top.walk()] == [
        ("Monograph", "Of waters & woods", 0),
        ("Chapter", "Of rivers", 1),
        ("TitlePage", None, 2),
    ]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("<mets ", "<mods ", "not well-formed"),
        ('FILEID="F1"', 'FILEID="F9"', "refers to F9"),
        ('DMDID="D1"', 'DMDID="D9"', "refers to D9"),
        ('ORDER="2"', 'ORDER="two"', "ORDER is 'two'"),
        ("?>", '?><!DOCTYPE mets [<!ENTITY a "b">]>', "declares entities"),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path: Path, old: str, new: str, text: str) -> None:
    with pytest.raises(JobFailedError, match=text):
        work(tmp_path, MODS.replace(old, new, 1))
    with pytest.raises(JobFailedError, match="is no METS"):
        work(tmp_path, "<mods/>")


def named(*stems: str) -> Work:
    return Work("meta.xml", pages=tuple(WorkPage(stem, None, (stem,)) for stem in stems))


def test_pictures_are_paired_by_name_else_by_their_order() -> None:
    assert match(["1", "2"], Work("-")).order == (("1", None), ("2", None))
    assert match(["1", "2"], named("2", "1")) == ((("2", 0), ("1", 1)), (), ())
    assert match(["a", "b"], named("x", "y")).order == (("a", 0), ("b", 1))
    assert match(["1", "3"], named("1", "2")) == ((("1", 0), ("3", None)), ("2",), ("3",))
    assert match(["a"], named("x", "y")).without_picture == ("y",)
    assert match(["a", "b", "c"], named("x", "y")).without_page == ("c",)
    assert match(["1"], named("1", "1")).without_picture == ("1",)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.permutations([f"{number:04d}" for number in range(12)]), st.integers(0, 12))
def test_every_picture_is_in_the_order_once(stems: list[str], count: int) -> None:
    found = match(sorted(stems), named(*stems[:count]))
    assert sorted(stem for stem, _ in found.order) == sorted(stems)
    placed = [index for _, index in found.order if index is not None]
    assert placed == sorted(set(placed))


def test_bookmarks_leave_out_what_has_no_title_or_no_page() -> None:
    inner = (Division("chapter", "One", None, 1), Division("chapter", None, "Two", 5))
    top = (Division("book", None, None, 0, inner),)
    assert list(bookmarks(top, ["label"], {0: 0, 1: 1})) == [Bookmark("One", 1)]
    assert list(bookmarks(top, TITLES_DEFAULT, {5: 3})) == [Bookmark("Book", 3, (Bookmark("Two", 3),))]
    assert list(bookmarks(top, [], {0: 0})) == []
    assert Bookmark.number(list(bookmarks(top, TITLES_DEFAULT, {0: 0, 1: 1, 5: 5}))) == 3
    assert [words_of_type(name) for name in ("TitlePage", "title_page", "Chapter")] == [
        "Title page",
        "Title page",
        "Chapter",
    ]


@pytest.mark.skipif(not BOOKS.is_dir(), reason="the sample books are not on this machine")
def test_real_files_are_read() -> None:
    kitodo = reading.read(BOOKS / "1005" / "meta.xml")
    assert (len(kitodo.pages), kitodo.description.date, kitodo.description.languages) == (
        20,
        "1733",
        ("ger",),
    )
    assert [one.first_page for one in kitodo.divisions[0].children] == [0, 2, 4, 7]
    assert reading.read(BOOKS / "1001" / "mets.xml").description.authors == ("August Bebel",)
