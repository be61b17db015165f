"""Checksums with the real programs: what is made is confirmed by others, and every change is found."""

import os
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import bagit
import pytest
from pydantic import JsonValue

from taskmanager.errors import JobFailedError
from taskmanager.plugin_api import tools
from taskmanager_plugin_runner.plugins.checksums import ChecksumsPlugin
from taskmanager_testing.plugins import CancelledInTestError, LocalContext, run_plugin

PAGES = ("0001.tif", "0002.tif", "odd name \\ ü.tif")


@pytest.fixture
def process(tmp_path: Path) -> Path:
    """A process with masters, derivatives and metadata; what the pages hold does not matter."""
    folder = tmp_path / "17"
    for kind in ("master_book_media", "book_media"):
        (folder / "images" / kind).mkdir(parents=True)
        for number, name in enumerate(PAGES):
            (folder / "images" / kind / name).write_bytes(f"{kind} {number}".encode() * 1000)
    (folder / "ocr" / "book_txt").mkdir(parents=True)
    (folder / "ocr" / "book_txt" / "0001.txt").write_text("words", encoding="utf-8")
    (folder / "meta.xml").write_text("<mets/>", encoding="utf-8")
    return folder


def job(process: Path, output: Path, template: str = "list", **parameters: JsonValue) -> LocalContext:
    return run_plugin(ChecksumsPlugin(), process, output, template=template, parameters=parameters)


def put(output: Path, process: Path) -> None:
    shutil.copytree(output, process, dirs_exist_ok=True)


@pytest.mark.parametrize("algorithm", ["sha512", "sha256", "md5"])
def test_a_list_is_one_that_coreutils_confirms_and_verifying_finds_all_sound(
    process: Path, tmp_path: Path, algorithm: str
) -> None:
    context = job(process, tmp_path / "out", algorithm=algorithm)
    listed = tmp_path / "out" / "checksums" / f"17.{algorithm}"
    checked = tools.run([f"{algorithm}sum", "--check", "--strict", listed], cwd=process)
    assert checked.stdout.count(": OK") == 2 * len(PAGES)
    assert [record.facts.keys() for record in context.records] == [{algorithm}] * 6
    assert context.progress_calls[-1][:2] == (12, 12)
    put(tmp_path / "out", process)
    job(process, tmp_path / "report", "verify")
    root = ET.parse(tmp_path / "report/validation/checksums-17.xml").getroot()  # noqa: S314 - made by the job
    assert {fate: root.get(fate) for fate in ("sound", "changed", "missing", "new")} == {
        "sound": "6",
        "changed": "0",
        "missing": "0",
        "new": "0",
    }


def test_what_is_changed_missing_or_new_is_named(process: Path, tmp_path: Path) -> None:
    job(process, tmp_path / "out")
    put(tmp_path / "out", process)
    media = process / "images" / "book_media"
    data = bytearray((media / PAGES[0]).read_bytes())
    data[5] ^= 1
    (media / PAGES[0]).write_bytes(data)
    (media / PAGES[1]).rename(media / "0003.tif")
    with pytest.raises(
        JobFailedError,
        match=r"^3 of 7 file\(s\) are not as listed \(changed: images/book_media/0001.tif; "
        r"missing: images/book_media/0002.tif; in no list: images/book_media/0003.tif\)$",
    ):
        job(process, tmp_path / "report", "verify")
    context = job(process, tmp_path / "report-2", "verify", invalid="report")
    warned = {record.name: record.warnings for record in context.records if record.warnings}
    assert len(warned) == 3
    assert "the list says" in warned["images/book_media/0001.tif"][0]


def test_a_list_beside_the_masters_as_scanning_firms_deliver_it_is_compared(tmp_path: Path) -> None:
    folder = tmp_path / "master_book_media"
    folder.mkdir()
    (folder / "1.tif").write_bytes(b"page")
    said = tools.run(["md5sum", "-b", "1.tif"], cwd=folder).stdout
    listed = said.upper().replace("1.TIF\n", "1.tif\r\n")
    (folder / "checksums.md5").write_text(listed, encoding="utf-8", newline="")
    job(folder, tmp_path / "report", "verify")
    (folder / "1.tif").write_bytes(b"pages")
    with pytest.raises(JobFailedError, match=r"changed: 1\.tif"):
        job(folder, tmp_path / "again", "verify")


def test_without_a_list_there_is_no_verdict(process: Path, tmp_path: Path) -> None:
    with pytest.raises(JobFailedError, match="holds no list of checksums"):
        job(process, tmp_path / "out", "verify")


def test_a_bag_is_one_for_the_library_and_holds_the_files_as_they_are(process: Path, tmp_path: Path) -> None:
    (process / "images" / "book_media" / PAGES[2]).unlink()
    (process / "images" / "master_book_media" / PAGES[2]).rename(
        process / "images" / "master_book_media" / "odd ü.tif"
    )
    job(process, tmp_path / "out", "bag")
    bag = tmp_path / "out" / "title_of_a_process_bag"
    assert bagit.Bag(str(bag)).validate()
    payload = {str(path.relative_to(bag / "data")) for path in (bag / "data").rglob("*") if path.is_file()}
    assert payload == {
        "images/book_media/0001.tif",
        "images/book_media/0002.tif",
        "images/master_book_media/0001.tif",
        "images/master_book_media/0002.tif",
        "images/master_book_media/odd ü.tif",
        "meta.xml",
        "ocr/book_txt/0001.txt",
    }
    for name in payload:
        assert (bag / "data" / name).read_bytes() == (process / name).read_bytes()
    assert bagit.Bag(str(bag)).info["External-Identifier"] == "title_of_a_process"
    job(bag, tmp_path / "report", "verify-bag")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("change", r"changed: data/images/book_media/0001\.tif"),
        ("remove", r"missing: data/images/book_media/0001\.tif.*Payload-Oxum"),
        ("add", r"in no list: data/images/book_media/0009\.tif.*Payload-Oxum"),
        ("tag", r"changed: bag-info\.txt.*Payload-Oxum"),
        ("declare", r"not valid: .*bagit\.txt"),
    ],
)
def test_a_spoilt_bag_is_not_valid(process: Path, tmp_path: Path, spoil: str, said: str) -> None:
    for kind in ("book_media", "master_book_media"):
        (process / "images" / kind / PAGES[2]).unlink()
    job(process, tmp_path / "out", "bag")
    bag = tmp_path / "out" / "title_of_a_process_bag"
    page = bag / "data" / "images" / "book_media" / "0001.tif"
    match spoil:
        case "change":
            page.write_bytes(page.read_bytes()[::-1])
        case "remove":
            page.unlink()
        case "add":
            page.with_name("0009.tif").write_bytes(b"x")
        case "tag":
            (bag / "bag-info.txt").write_text("Payload-Oxum: 1.1\n", encoding="utf-8")
        case "declare":
            (bag / "bagit.txt").write_text("BagIt-Version: 1.0\n", encoding="utf-8")
    with pytest.raises(JobFailedError, match=said):
        job(bag, tmp_path / "report", "verify-bag")


def test_a_file_that_changes_while_it_is_listed_fails_the_job(
    process: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second reading is done by another program, which must not be told what the first one found."""
    page = process / "images" / "book_media" / PAGES[0]
    run_tool = LocalContext.run_tool

    def changed(context: LocalContext, argv: list[str], **more: object) -> tools.ToolResult:
        assert context.brought is not None
        copied = context.brought / page.relative_to(process)
        copied.write_bytes(copied.read_bytes()[::-1])
        return run_tool(context, argv, **more)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr(LocalContext, "run_tool", changed)
    with pytest.raises(JobFailedError, match="sha512sum"):
        job(process, tmp_path / "out")


def test_a_cancel_between_two_files_leaves_no_list(process: Path, tmp_path: Path) -> None:
    with pytest.raises(CancelledInTestError):
        run_plugin(ChecksumsPlugin(), process, tmp_path / "out", cancel_at=3)
    assert not list((tmp_path / "out").rglob("*"))


def test_a_name_that_is_no_text_is_listed_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xe4.tif")).write_bytes(b"page")
    job(folder, tmp_path / "out")
    put(tmp_path / "out", tmp_path)
    assert b"\xe4.tif" in (tmp_path / "checksums" / "odd.sha512").read_bytes()


def test_a_bag_of_somebody_else_may_hold_hidden_files(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    bag.mkdir()
    (bag / ".DS_Store").write_bytes(b"view")
    (bag / "1.tif").write_bytes(b"page")
    bagit.make_bag(str(bag), checksums=["md5", "sha256"])
    context = job(bag, tmp_path / "report", "verify-bag")
    assert {record.name for record in context.records} >= {"data/.DS_Store", "data/1.tif"}
    (bag / "data" / ".DS_Store").write_bytes(b"VIEW")
    with pytest.raises(JobFailedError, match=r"changed: data/\.DS_Store"):
        job(bag, tmp_path / "again", "verify-bag")
