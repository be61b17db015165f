"""Plugins that examine pages, through the whole system: results in the process folder, or nothing at all."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image, ImageDraw, ImageFont
from tests.e2e.conftest import System
from tests.integration.plugins.drawn_process import PAGES, draw, write_mets
from tests.peers.engine import HotFolders, watching, xml_and_text
from tests.peers.library import Answer, Library, serving

from taskmanager.plugin_api import tools

PLUGINS = {"tiffvalidation": ".tif", "jp2validation": ".jp2"}
KEEPING = ("checksums", "images", "media", "mets")
CROSSING = ("download", "dropfolder", "upload")
"""What has to do with other people's servers and programs."""
DOCUMENTS = {"ALTOCONVERT": "alto", "PdfCreation": "pdf", "EPUB": "epub"}
"""By job type: the ending of the folder of the results."""


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    return ("--plugins", *PLUGINS, "ocr", "pdf", "altoconvert", "epub", *KEEPING, *CROSSING, "--slots", "1")


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is not ours: an archive, and the folders of an engine."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "archive").mkdir()
    HotFolders(folder / "engine", xml_and_text)
    return folder


@pytest.fixture(scope="module")
def system_settings(
    library: Library, outside: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """Templates of the operator for what crosses the border of the house."""
    templates = tmp_path_factory.mktemp("templates")
    texts = {
        "download/here": f"""
            title = "here"
            hosts = ["127.0.0.1"]
            private_hosts = ["127.0.0.1"]
            archive = "{library.url}"
            requests_per_second = 100
            folder = "images/master_{{process_title}}_media"
            """,
        "dropfolder/engine": f"""
            title = "engine"
            input = "{outside}/engine/input"
            output = "{outside}/engine/output"
            poll_seconds = 0.1
            settled_seconds = 0.1
            [results]
            ".xml" = "ocr/{{process_title}}_xml"
            ".txt" = "ocr/{{process_title}}_txt"
            """,
        "upload/archive": f"""
            title = "archive"
            kind = "command"
            bag = true
            argv = ["cp", "--recursive", "{{source}}", "{outside}/archive"]
            """,
    }
    for name, text in texts.items():
        path = templates / f"{name}.toml"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    return {"TASKMANAGER_TEMPLATES": str(templates)}


def draw_book(masters: Path, suffix: str, number: int = 3) -> None:
    """Pages of one format."""
    masters.mkdir(parents=True)
    for page in range(number):
        drawn = Image.new("RGB", (600, 800), "white")
        ImageDraw.Draw(drawn).text((90, 120), f"page {page}", fill="black")
        path = masters / f"{page:08}.tif"
        drawn.save(path, compression="tiff_lzw", dpi=(300, 300))
        if suffix == ".jp2":
            drawn.save(path.with_suffix(".png"))
            tools.run(["opj_compress", "-i", path.with_suffix(".png"), "-o", path.with_suffix(suffix)])
            path.with_suffix(".png").unlink()
            path.unlink()


def contents(folder: Path) -> Mapping[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def job(system: System, plugin: str, masters: Path, **more: Any) -> dict[str, Any]:
    """One job into the process folder, until it has ended."""
    process = masters.parents[1]
    goobi = {"process_id": 1, "step_id": 2, "process_title": "book"}
    body = {"plugin": plugin, "source": str(masters), "destination": str(process), "goobi": goobi} | more
    return system.finished(system.submit(**body)["id"], within_seconds=100)


def draw_text(masters: Path, *words: str) -> None:
    """One page for each word."""
    masters.mkdir(parents=True)
    for number, word in enumerate(words):
        page = Image.new("L", (900, 300), 255)
        ImageDraw.Draw(page).text((100, 100), word, fill=0, font=ImageFont.load_default(size=70))
        page.save(masters / f"{number:08}.tif", dpi=(300, 300))


@pytest.mark.parametrize("plugin", PLUGINS)
def test_sound_pages_get_a_report_each_and_a_summary(system: System, plugin: str) -> None:
    masters = system.roots / f"sound-{plugin}" / "images" / "master_book_media"
    draw_book(masters, PLUGINS[plugin])
    before = contents(masters)

    ended = job(system, plugin, masters)

    assert ended["status"] == "DONE", ended["error"]
    reports = masters.parents[1] / "validation"
    summary = ET.parse(reports / "master_book_media.xml").getroot()  # noqa: S314 - made by the job
    assert (summary.get("files"), summary.get("valid"), summary.get("process")) == ("3", "3", "book")
    assert sorted(path.stem for path in (reports / "master_book_media").iterdir()) == sorted(
        path.stem for path in masters.iterdir()
    )
    assert contents(masters) == before


def empty(_: bytes) -> bytes:
    return b""


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def other(_: bytes) -> bytes:
    return b"%PDF-1.7 or so"


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize("spoil", [empty, cut, other])
def test_a_broken_page_is_named_the_folder_is_as_it_was_and_the_next_job_runs(
    system: System, plugin: str, spoil: Callable[[bytes], bytes]
) -> None:
    process = system.roots / f"{spoil.__name__}-{plugin}"
    masters = process / "images" / "master_book_media"
    draw_book(masters, PLUGINS[plugin])
    page = masters / f"00000001{PLUGINS[plugin]}"
    sound = page.read_bytes()
    page.write_bytes(spoil(sound))
    before = contents(process)

    ended = job(system, plugin, masters)

    assert ended["status"] == "ERROR"
    assert ended["error"]["message"].startswith(f"1 of 3 file(s) not valid: {page.name} (")
    assert contents(process) == before
    page.write_bytes(sound)
    assert job(system, plugin, masters)["status"] == "DONE"


def test_a_link_that_leads_nowhere_is_an_error_that_names_it(system: System) -> None:
    process = system.roots / "links"
    masters = process / "images" / "master_book_media"
    draw_book(masters, ".tif")
    (masters / "00000007.tif").symlink_to(masters / "gone.tif")

    ended = job(system, "tiffvalidation", masters)

    assert ended["status"] == "ERROR"
    assert "00000007.tif" in ended["error"]["message"]
    assert not (process / "validation").exists()


def test_reports_of_invalid_pages_are_placed_with_a_warning_if_the_job_says_so(system: System) -> None:
    masters = system.roots / "reported" / "images" / "master_book_media"
    draw_book(masters, ".tif")
    page = masters / "00000002.tif"
    page.write_bytes(cut(page.read_bytes()))

    ended = job(system, "tiffvalidation", masters, template="master", parameters={"invalid": "report"})

    assert ended["status"] == "DONE", ended["error"]
    assert ended["warnings"] == 1
    summary = ET.parse(masters.parents[1] / "validation" / "master_book_media.xml").getroot()  # noqa: S314 - made by the job
    assert [one.get("verdict") for one in summary] == ["valid", "valid", "invalid"]


def test_a_call_of_goobi_for_ocr_finds_its_text_in_the_folders_that_goobi_expects(system: System) -> None:
    process = system.roots / "read"
    masters = process / "images" / "master_book_media"
    draw_text(masters, "meadow", "forest")
    call = {
        "jobtype": "OCR",
        "sourceDir": str(masters),
        "targetDir": str(process),
        "goobiId": "7",
        "postOCR": "8",
        "goobiTitle": "book",
        "templatename": "all",
        "fontType": "Antiqua",
        "language": "eng,lat",
        "serverType": "intranda-tesseract",
    }

    answer = system.client.post("/itm/service", json=call).json()

    assert answer["STATUS"] == "OK", answer
    ended = system.finished(answer["JOBID"], within_seconds=100)
    assert ended["status"] == "DONE", ended["error"]
    read = [path.read_text(encoding="utf-8").strip() for path in sorted((process / "ocr/book_txt").iterdir())]
    assert read == ["meadow", "forest"]
    for kind in ("alto", "txt", "hocr", "pdf"):
        assert len(list((process / "ocr" / f"book_{kind}").iterdir())) == 2, kind


def test_a_broken_page_ends_ocr_with_its_name_and_leaves_nothing(system: System) -> None:
    process = system.roots / "unread"
    masters = process / "images" / "master_book_media"
    draw_text(masters, "meadow", "forest")
    page = masters / "00000001.tif"
    page.write_bytes(cut(page.read_bytes()))
    before = contents(process)

    ended = job(system, "ocr", masters, parameters={"language": "eng"})

    assert ended["status"] == "ERROR"
    assert ended["error"]["message"].startswith(f"{page.name}: ")
    assert contents(process) == before


def offer(library: Library, *pages: bytes) -> None:
    """An item of the Internet Archive whose pages were uploaded one by one."""
    listed = []
    for number, body in enumerate(pages):
        library.files[f"/download/book/{number}.tif"] = body
        digest = hashlib.sha1(body, usedforsecurity=False).hexdigest()
        listed.append({"name": f"{number}.tif", "source": "original", "format": "TIFF", "sha1": digest})
    library.files["/metadata/book"] = json.dumps({"files": listed}).encode()


def test_a_book_is_downloaded_read_by_an_engine_and_sent_to_an_archive(
    system: System, library: Library, outside: Path
) -> None:
    process = system.roots / "crossing"
    draw_book(process / "drawn", ".tif", number=2)
    pages = [path.read_bytes() for path in sorted((process / "drawn").iterdir())]
    offer(library, *pages)
    library.faults["/download/book/1.tif"] = [Answer(cut_after=100), Answer(503, {"Retry-After": "0"})]
    call = {
        "jobtype": "JDOWNLOAD",
        "templatename": "here.xml",
        "sourceDir": "/a/folder/that/is/not/used",
        "targetDir": str(process),
        "goobiId": "7",
        "goobiTitle": "book",
        "item": "book",
    }
    answer = system.client.post("/itm/service", json=call).json()
    assert answer["STATUS"] == "OK", answer
    ended = system.finished(answer["JOBID"], within_seconds=100)
    assert ended["status"] == "DONE", ended["error"]
    masters = process / "images" / "master_book_media"
    assert [path.read_bytes() for path in sorted(masters.iterdir())] == pages

    (masters / "00000009.tif").write_bytes(b"a page that is gone")
    spec = {"plugin": "download", "template": "here", "destination": str(process), "goobi": ended["goobi"]}
    again = system.submit(**spec, parameters={"item": "book", "existing": "replace"})
    ended = system.finished(again["id"], within_seconds=100)
    assert ended["status"] == "DONE", ended["error"]
    assert [path.read_bytes() for path in sorted(masters.iterdir())] == pages

    with watching(outside / "engine"):
        ended = job(system, "dropfolder", masters, template="engine")
    assert ended["status"] == "DONE", ended["error"]
    assert sorted(path.name for path in (process / "ocr" / "book_txt").iterdir()) == [
        "00000001.txt",
        "00000002.txt",
    ]

    ended = job(system, "upload", masters, template="archive")
    assert ended["status"] == "DONE", ended["error"]
    assert contents(outside / "archive" / "book" / "data") == contents(masters)
    assert len((process / "upload" / "archive.sha256").read_text(encoding="utf-8").splitlines()) == 6


def test_an_address_that_the_operator_does_not_allow_is_an_error_and_nothing_is_placed(
    system: System, library: Library
) -> None:
    process = system.roots / "refused"
    process.mkdir()
    spec = {"plugin": "download", "destination": str(process), "template": "archive"}
    made = system.submit(**spec, parameters={"item": f"{library.url}/manifest"})
    ended = system.finished(made["id"], within_seconds=100)
    assert ended["status"] == "ERROR"
    assert "does not allow requests to 127.0.0.1" in ended["error"]["message"]
    assert contents(process) == {}


def call(system: System, kind: str, process: Path, target: Path) -> dict[str, Any]:
    """A call of Goobi for the whole folder of a process, until its job has ended."""
    body = {"jobtype": kind, "sourceDir": str(process), "targetDir": str(target), "goobiTitle": "book"}
    answer = system.client.post("/itm/service", json={**body, "goobiId": "7", "stepId": "8"}).json()
    assert answer["STATUS"] == "OK", answer
    return system.finished(answer["JOBID"], within_seconds=100)


def test_documents_of_a_process_are_made_of_its_folders_and_go_where_goobi_expects_them(
    system: System,
) -> None:
    process = draw(system.roots / "documents", PAGES[:1], title="book")
    (process / "ocr" / "book_alto").rename(process / "ocr" / "book_page")
    before = contents(process)

    for kind, ending in DOCUMENTS.items():
        ended = call(system, kind, process, process / "ocr" / f"book_{ending}")
        assert ended["status"] == "DONE", ended["error"]

    made = contents(process).keys() - before.keys()
    assert made == {"ocr/book_alto/00000001.xml", "ocr/book_pdf/book.pdf", "ocr/book_epub/book.epub"}
    assert {name: contents(process)[name] for name in before} == before
    found = tools.run(["pdftotext", "-raw", process / "ocr" / "book_pdf" / "book.pdf", "-"]).stdout
    assert found.split() == ["Title", "of", "the", "book"]


def test_a_broken_page_ends_a_pdf_with_its_name_and_leaves_nothing(system: System) -> None:
    process = draw(system.roots / "undocumented", PAGES[:1], title="book")
    page = process / "images" / "book_media" / "00000001.jpg"
    page.write_bytes(cut(page.read_bytes()))
    before = contents(process)

    ended = call(system, "PdfCreation", process, process)

    assert ended["status"] == "ERROR"
    assert ended["error"]["message"].startswith(f"{page.name}: ")
    assert contents(process) == before


def test_derivatives_metadata_and_checksums_of_a_whole_process(system: System) -> None:
    """The folders of one process: derivatives are made, METS agrees with them, and any change is noticed."""
    process = system.roots / "whole"
    masters = process / "images" / "master_book_media"
    draw_book(masters, ".tif")
    before = contents(masters)

    ended = job(system, "images", masters)
    assert ended["status"] == "DONE", ended["error"]
    media = process / "images" / "book_media"
    assert sorted(path.name for path in media.iterdir()) == [f"0000000{page}.jpg" for page in range(3)]
    assert len(list((process / "thumbs" / "book_media_400").iterdir())) == 3

    write_mets(process, media)
    in_whole = {"source": str(process)}
    assert job(system, "mets", masters, **in_whole)["status"] == "DONE"
    summary = ET.parse(process / "validation" / "mets.xml").getroot()  # noqa: S314 - made by the job
    assert (summary.get("files"), summary.get("valid")) == ("1", "1")

    assert job(system, "checksums", masters, **in_whole)["status"] == "DONE"
    listed = (process / "checksums" / "whole.sha512").read_text(encoding="utf-8").splitlines()
    assert len(listed) == 6
    assert job(system, "checksums", masters, template="verify", **in_whole)["status"] == "DONE"
    page = media / "00000001.jpg"
    page.write_bytes(page.read_bytes()[:-9])

    ended = job(system, "checksums", masters, template="verify", **in_whole)
    assert ended["status"] == "ERROR"
    assert ended["error"]["message"] == (
        "1 of 6 file(s) are not as listed (changed: images/book_media/00000001.jpg)"
    )
    ended = job(system, "mets", masters, **in_whole)
    assert ended["status"] == "ERROR"
    assert "00000001.jpg" in ended["error"]["message"]
    assert contents(masters) == before


def test_a_recording_becomes_a_copy_to_listen_to_and_a_waveform(system: System) -> None:
    process = system.roots / "recording"
    masters = process / "images" / "master_book_media"
    masters.mkdir(parents=True)
    tone = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1")
    tools.run(["ffmpeg", "-v", "error", "-nostdin", *tone, masters / "side a.wav"])

    ended = job(system, "media", masters)

    assert ended["status"] == "DONE", ended["error"]
    assert (process / "images" / "book_media" / "side a.mp3").is_file()
    assert (process / "thumbs" / "book_waveform" / "side a.png").is_file()
