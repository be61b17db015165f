"""Plugins that examine pages, through the whole system: results in the process folder, or nothing at all."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image, ImageDraw, ImageFont
from tests.e2e.conftest import System

from taskmanager.plugin_api import tools

PLUGINS = {"tiffvalidation": ".tif", "jp2validation": ".jp2"}


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    return ("--plugins", *PLUGINS, "ocr", "checksums", "images", "media", "mets", "--slots", "1")


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


def write_mets(process: Path, media: Path) -> None:
    """A METS document that names the derivatives with their checksums."""
    files, pages = "", ""
    for number, path in enumerate(sorted(media.iterdir())):
        digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        files += (
            f'<file ID="F{number}" CHECKSUM="{digest}" CHECKSUMTYPE="MD5">'
            f'<FLocat LOCTYPE="URL" xlink:href="images/{media.name}/{path.name}"/></file>'
        )
        pages += f'<div><fptr FILEID="F{number}"/></div>'
    (process / "mets.xml").write_text(
        '<mets xmlns="http://www.loc.gov/METS/" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"<fileSec><fileGrp>{files}</fileGrp></fileSec><structMap><div>{pages}</div></structMap></mets>",
        encoding="utf-8",
    )


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
