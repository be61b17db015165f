"""FineReader XML, hOCR and PAGE to ALTO 4: the same words, at their places, marked as what they are."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pydantic import JsonValue
from tests.sample_data.folder import SAMPLE_DATA

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.altoconvert import AltoConvertPlugin
from taskmanager_testing.plugins import CancelledInTestError, LocalContext, run_plugin

ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"
BOOKS = SAMPLE_DATA / "books"
ABBYY = "http://www.abbyy.com/FineReader_xml/FineReader10-schema-v1.xml"


def converted(source: Path, output: Path, **parameters: JsonValue) -> LocalContext:
    return run_plugin(AltoConvertPlugin(), source, output, parameters=dict(parameters))


def character(letter: str, place: int, confidence: int | None = 90) -> str:
    sure = "" if confidence is None else f' charConfidence="{confidence}"'
    return f'<charParams l="{10 * place}" t="100" r="{10 * place + 9}" b="120"{sure}>{letter}</charParams>'


def line(text: str, top: int = 100) -> str:
    letters = "".join(character(letter, number) for number, letter in enumerate(text))
    return (
        f'<line baseline="{top + 18}" l="0" t="{top}" r="{10 * len(text)}" b="{top + 20}">'
        f'<formatting lang="GermanStandard">{letters}</formatting></line>'
    )


def abbyy(*blocks: str) -> str:
    """A file with one page, and three styles of paragraphs."""
    styles = "".join(
        f'<paragraphStyle id="{name}" name="{name}" mainFontStyleId="f" role="{role}"/>'
        for name, role in (("S0", "text"), ("S1", "rt"), ("S2", "heading"))
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<document xmlns="{ABBYY}" version="1.0" producer="p">'
        f"<documentData><paragraphStyles>{styles}</paragraphStyles></documentData>"
        f'<page width="600" height="800" resolution="300">{"".join(blocks)}</page></document>'
    )


def block(style: str, *lines: str) -> str:
    return (
        '<block blockType="Text" l="0" t="0" r="1" b="1"><region/><text>\n'
        f'<par style="{style}">{"".join(lines)}</par></text></block>'
    )


FINEREADER = abbyy(
    block("S1", line("Of rivers", 20)),
    block("S2", line("First part", 80)),
    block("S0", line("A word is divi\u00ac", 120), line("ded; so", 150)),
    block("S1", line("12", 760)),
    '<block blockType="Picture" l="10" t="300" r="210" b="400"><region/></block>',
    '<block blockType="Barcode" l="1" t="1" r="2" b="2"><region/></block>',
)
HOCR = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>
<div class="ocr_page" id="page_1" title='image "/scratch/1.tif"; bbox 0 0 600 800; ppageno 0'>
 <div class="ocr_carea" title="bbox 10 10 500 100"><p class="ocr_par" lang="eng" title="bbox 10 10 500 100">
  <span class="ocr_header" title="bbox 10 10 200 30">
   <span class="ocrx_word" title="bbox 10 10 90 30; x_wconf 80">Running</span>
   <span class="ocrx_word" title="bbox 100 10 200 30; x_wconf 70"><strong>head</strong></span></span>
  <span class="ocr_line" title="bbox 10 40 200 60; baseline 0 -5">
   <span class="ocrx_word" title="bbox 10 40 90 60; x_wconf 96">Fish</span>
   <span class="ocrx_word" title="bbox 100 40 200 60">&amp; chips</span></span>
 </p></div>
</div></body></html>"""
PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15">
<Page imageFilename="7.png" imageWidth="600" imageHeight="800">
<ReadingOrder><OrderedGroup id="g"><RegionRefIndexed index="1" regionRef="b"/>
<RegionRefIndexed index="0" regionRef="a"/></OrderedGroup></ReadingOrder>
<TextRegion id="b" type="paragraph"><Coords points="0,100 500,100 500,200 0,200"/>
 <TextLine id="l"><Coords points="0,100 500,100 500,140 0,140"/><Baseline points="0,130 500,131"/>
  <TextEquiv index="1"><Unicode>wrong reading</Unicode></TextEquiv>
  <TextEquiv index="0" conf="0.5"><Unicode>right reading</Unicode></TextEquiv></TextLine></TextRegion>
<TextRegion id="a" type="page-number"><Coords points="200,10 240,10 240,40 200,40"/>
 <TextLine id="k"><Coords points="200,10 240,10 240,40 200,40"/><Word id="w">
  <Coords points="200,10 240,10 240,40 200,40"/>
  <TextEquiv conf="0.75"><Unicode>115</Unicode></TextEquiv></Word>
  <TextEquiv><Unicode>115</Unicode></TextEquiv></TextLine></TextRegion>
<SeparatorRegion id="s"><Coords points="0,60 500,60 500,62 0,62"/></SeparatorRegion>
</Page></PcGts>"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def result(output: Path, name: str = "1.xml") -> ET.Element:
    return ET.parse(output / name).getroot()  # noqa: S314 - made by the job


def words(root: ET.Element) -> list[str]:
    return [one.attrib["CONTENT"] for one in root.iter() if one.tag in {f"{ALTO}String", f"{ALTO}HYP"}]


def kinds(root: ET.Element) -> list[str]:
    """What each block is, in order."""
    labels = {one.attrib["ID"]: one.attrib["LABEL"] for one in root.iter(f"{ALTO}LayoutTag")}
    return [labels.get(one.get("TAGREFS", ""), "text") for one in root.iter(f"{ALTO}TextBlock")]


def test_finereaders_xml_keeps_words_places_confidences_and_running_heads(
    source: Path, tmp_path: Path
) -> None:
    (source / "1.xml").write_text(FINEREADER, encoding="utf-8")
    context = converted(source, tmp_path / "out")
    root = result(tmp_path / "out")
    assert words(root) == [
        "Of",
        "rivers",
        "First",
        "part",
        "A",
        "word",
        "is",
        "divi",
        "-",
        "ded;",
        "so",
        "12",
    ]
    assert kinds(root) == ["header", "heading", "text", "page-number"]
    strings = list(root.iter(f"{ALTO}String"))
    assert {strings[1].attrib[key] for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT")} == {
        "30",
        "100",
        "59",
        "20",
    }
    assert {one.attrib["WC"] for one in strings} == {"0.9"}
    parts = [(one.attrib["SUBS_TYPE"], one.attrib["SUBS_CONTENT"]) for one in strings if one.get("SUBS_TYPE")]
    assert parts == [("HypPart1", "divided;"), ("HypPart2", "divided;")]
    assert [one.get("LANG") for one in root.iter(f"{ALTO}TextBlock")] == ["de"] * 4
    assert len(list(root.iter(f"{ALTO}Illustration"))) == 1
    (record,) = context.records
    assert record.result_facts == {"words": 11, "confidence": "90 %", "left out": "left out: 1 Barcode"}


def test_running_heads_can_be_dropped_and_are_counted(source: Path, tmp_path: Path) -> None:
    (source / "1.xml").write_text(FINEREADER, encoding="utf-8")
    context = converted(source, tmp_path / "out", running_heads="drop")
    assert words(result(tmp_path / "out"))[:2] == ["First", "part"]
    assert context.records[0].result_facts["words of running heads dropped"] == 3


def test_hocr_is_read_with_what_its_classes_say(source: Path, tmp_path: Path) -> None:
    (source / "1.hocr").write_text(HOCR, encoding="utf-8")
    converted(source, tmp_path / "out")
    root = result(tmp_path / "out")
    assert words(root) == ["Running", "head", "Fish", "&", "chips"]
    assert kinds(root) == ["header", "text"]
    assert [one.get("WC") for one in root.iter(f"{ALTO}String")] == ["0.8", "0.7", "0.96", None, None]
    assert root.findtext(f".//{ALTO}fileName") == "1.tif"


def test_page_is_read_in_its_reading_order_with_its_first_readings(source: Path, tmp_path: Path) -> None:
    (source / "1.xml").write_text(PAGE, encoding="utf-8")
    converted(source, tmp_path / "out")
    root = result(tmp_path / "out")
    assert words(root) == ["115", "right", "reading"]
    assert kinds(root) == ["page-number", "text"]
    assert [one.get("WC") for one in root.iter(f"{ALTO}String")] == ["0.75", "0.5", "0.5"]
    assert [one.attrib["BASELINE"] for one in root.iter(f"{ALTO}TextLine") if one.get("BASELINE")]
    assert len(list(root.iter(f"{ALTO}GraphicalElement"))) == 1


def test_pages_of_one_file_become_files_of_their_own(source: Path, tmp_path: Path) -> None:
    page = FINEREADER[FINEREADER.index("<page") : FINEREADER.index("</document>")]
    (source / "book.xml").write_text(
        FINEREADER.replace("</document>", f"{page}</document>"), encoding="utf-8"
    )
    converted(source, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["book_0001.xml", "book_0002.xml"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not well-formed"),
        ("<TEI/>", "is no FineReader XML, PAGE, hOCR, ALTO: its root element is TEI"),
        (FINEREADER[: len(FINEREADER) // 2], "not well-formed"),
        (FINEREADER.replace('l="10"', 'l="ten"'), "l is 'ten', which is no usable number"),
        (FINEREADER.replace('style="S2"', 'style="S9"'), "refers to S9"),
        (PAGE.replace('regionRef="a"', 'regionRef="z"'), "refers to z"),
        (PAGE.replace("0,100 500,100 500,140", "0;100"), "is no place on a page"),
        (HOCR.replace("bbox 10 40 90 60", "bbox 10 40 90"), "is no place on a page"),
        (
            PAGE.replace("?>", '?>\n<!DOCTYPE PcGts [<!ENTITY e "x">]>').replace("115", "&e;"),
            "declares entities",
        ),
        (f'<document xmlns="{ABBYY}"/>', "describes no page"),
        (HOCR.replace("</p></div>", "</p>outside of lines</div>"), "14 word.s. of the source are not in"),
    ],
)
def test_what_cannot_be_read_is_named_and_nothing_is_made(
    source: Path, tmp_path: Path, text: str, reason: str
) -> None:
    (source / "1.xml").write_text(text, encoding="utf-8")
    with pytest.raises(JobFailedError, match=reason) as raised:
        converted(source, tmp_path / "out")
    assert str(raised.value).startswith("1.xml: ")
    assert list((tmp_path / "out").iterdir()) == []


def test_in_the_folder_of_a_process_goobis_folders_are_used(tmp_path: Path) -> None:
    texts = tmp_path / "17" / "ocr" / "title_of_a_process_xml"
    texts.mkdir(parents=True)
    for number in range(3):
        (texts / f"{number}.xml").write_text(FINEREADER, encoding="utf-8")
    run_plugin(AltoConvertPlugin(), tmp_path / "17", tmp_path / "out", template="altoconvert.xml")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.xml", "1.xml", "2.xml"]
    with pytest.raises(CancelledInTestError):
        run_plugin(AltoConvertPlugin(), tmp_path / "17", tmp_path / "cancelled", cancel_at=2)


@pytest.mark.skipif(not BOOKS.is_dir(), reason="the sample books are not on this machine")
@pytest.mark.parametrize("number", ["1002", "1003", "1004"])
def test_real_texts_keep_all_their_words(number: str, tmp_path: Path) -> None:
    truth = next((BOOKS / number / "ocr").glob("*_gt"))
    context = converted(truth, tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == len(list(truth.glob("*.xml")))
    assert all(record.result_facts["words"] for record in context.records)
