"""EPUBs of drawn books: the text flows, pages and contents can be found, and epubcheck has nothing to say."""

import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image
from pydantic import JsonValue
from tests.integration.plugins import drawn_process
from tests.integration.plugins.drawn_process import PAGES, DrawnPage, draw

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.epub import EpubPlugin, checking
from taskmanager_testing.plugins import CancelledInTestError, LocalContext, run_plugin

NAME = "title_of_a_process.epub"
XHTML = "{http://www.w3.org/1999/xhtml}"
TYPE = "{http://www.idpf.org/2007/ops}type"
DC = "{http://purl.org/dc/elements/1.1/}"
COMMAND = checking.epubcheck_command()


@pytest.fixture(autouse=True)
def _without_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each start of epubcheck takes seconds: it judges where a test is about it."""
    monkeypatch.setattr(checking, "epubcheck_command", lambda: None)


def made(process: Path, output: Path, template: str = "text", **parameters: JsonValue) -> LocalContext:
    return run_plugin(EpubPlugin(), process, output, template=template, parameters=dict(parameters))


def read(path: Path, name: str) -> ET.Element:
    with zipfile.ZipFile(path) as archive:
        return ET.fromstring(archive.read(f"EPUB/{name}"))  # noqa: S314 - made by the job


def texts(path: Path) -> list[list[str]]:
    """The paragraphs of each file of the text."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith("EPUB/text/"))
    roots = [read(path, name.removeprefix("EPUB/")) for name in names]
    return [[one.text or "" for one in root.iter(f"{XHTML}p")] for root in roots]


def test_the_text_flows_and_page_numbers_and_contents_lead_to_it(tmp_path: Path) -> None:
    made(draw(tmp_path / "17"), tmp_path / "out")
    path = tmp_path / "out" / NAME
    assert texts(path) == [
        ["Title of the book"],
        ["Of rivers and of lakes"],
        ["Ueber \u017fchoene W\u00e4lder divided word", "The end \U0001d504ncient \ueba2"],
    ]
    navs = {one.get(TYPE): one for one in read(path, "nav.xhtml").iter(f"{XHTML}nav")}
    links = {kind: [(a.text, a.get("href")) for a in nav.iter(f"{XHTML}a")] for kind, nav in navs.items()}
    assert links["page-list"] == [
        ("[1]", "text/part_0001.xhtml#page_00001"),
        ("i", "text/part_0002.xhtml#page_00002"),
        ("1", "text/part_0003.xhtml#page_00003"),
        ("2", "text/part_0003.xhtml#page_00004"),
    ]
    assert [text for text, _ in links["toc"]] == ["Of waters & woods", "Of rivers", "Title page"]
    package = read(path, "package.opf")
    for name, value in (
        ("title", "Of waters & woods"),
        ("creator", "Ada Bach"),
        ("language", "de"),
        ("date", "1791"),
    ):
        assert package.findtext(f".//{DC}{name}") == value


def test_pictures_follow_the_text_if_the_template_says_so(tmp_path: Path) -> None:
    made(draw(tmp_path / "17"), tmp_path / "out", "text-and-pictures", longest_side=400)
    with zipfile.ZipFile(tmp_path / "out" / NAME) as archive:
        pictures = [name for name in archive.namelist() if name.startswith("EPUB/pictures/")]
        archive.extract(pictures[0], tmp_path)
    assert len(pictures) == len(PAGES)
    with Image.open(tmp_path / pictures[0]) as image:
        assert image.size == (300, 400)


def test_plain_texts_do_as_well_and_a_page_without_text_is_a_warning(tmp_path: Path) -> None:
    process = draw(tmp_path / "17")
    shutil.rmtree(process / "ocr" / "title_of_a_process_alto")
    folder = process / "ocr" / "title_of_a_process_txt"
    folder.mkdir()
    for page in PAGES[:3]:
        (folder / f"{page.stem}.txt").write_text("One word is di-\nvided.\n\nNext\n\f", encoding="utf-8")
    context = made(process, tmp_path / "out")
    assert texts(tmp_path / "out" / NAME)[0] == ["One word is divided.", "Next"]
    warned = [text for level, text in context.log.lines if level == "warning"]
    assert warned == ["1 page(s) have no text: 00000004"]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [("</alto>", "", "not well-formed"), ('HPOS="60"', 'HPOS="left"', "'left', which is no usable number")],
)
def test_a_broken_text_is_named_and_nothing_is_made(tmp_path: Path, old: str, new: str, text: str) -> None:
    process = draw(tmp_path / "17", PAGES[:2])
    alto = process / "ocr" / "title_of_a_process_alto" / "00000002.xml"
    alto.write_text(alto.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(JobFailedError, match=f"^00000002.xml: .*{text}"):
        made(process, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_texts_that_are_no_page_of_the_work_are_named(tmp_path: Path) -> None:
    process = draw(tmp_path / "17", (*PAGES[:2], DrawnPage("00000009", ".jpg", ("more",))))
    (process / "meta.xml").write_text(drawn_process.meta(PAGES[:2]), encoding="utf-8")
    with pytest.raises(JobFailedError, match=r"1 text\(s\) are no page of meta.xml \(00000009\)"):
        made(process, tmp_path / "out")


def test_a_cancelled_job_leaves_nothing(tmp_path: Path) -> None:
    process = draw(tmp_path / "17", PAGES[:2])
    with pytest.raises(CancelledInTestError):
        run_plugin(EpubPlugin(), process, tmp_path / "out", cancel_at=2)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.skipif(COMMAND is None, reason="epubcheck is not installed")
@pytest.mark.parametrize("template", ["text", "text-and-pictures"])
def test_epubcheck_finds_no_fault(tmp_path: Path, template: str) -> None:
    made(draw(tmp_path / "17"), tmp_path / "out", template)
    command = [*(COMMAND or ()), "--failonwarnings", str(tmp_path / "out" / NAME)]
    assert subprocess.run(command, check=False).returncode == 0
