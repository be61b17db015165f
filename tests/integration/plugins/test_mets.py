"""METS with real files: sound processes, and every way in which document and files can disagree."""

import hashlib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pydantic import JsonValue

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.mets import MetsPlugin
from taskmanager_testing.plugins import CancelledInTestError, LocalContext, run_plugin

MEDIA = "images/title_of_a_process_media"
PAGES = ("00000001.tif", "00000002.tif", "00000003.tif")


def mets(folder: Path, address: str, group: str = "LOCAL") -> str:
    """A document that names all pages with their sizes and checksums."""
    files, pages = "", ""
    for number, name in enumerate(PAGES, 1):
        data = (folder / MEDIA / name).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        files += (
            f'<mets:file ID="F{number}" SIZE="{len(data)}" CHECKSUM="{digest}" CHECKSUMTYPE="SHA-256">'
            f'<mets:FLocat LOCTYPE="URL" xlink:href="{address}/{name}"/></mets:file>'
        )
        pages += f'<mets:div ID="P{number}" ORDER="{number}"><mets:fptr FILEID="F{number}"/></mets:div>'
    return (
        '<?xml version="1.0"?><mets:mets xmlns:mets="http://www.loc.gov/METS/" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<mets:fileSec><mets:fileGrp USE="{group}">{files}</mets:fileGrp></mets:fileSec>'
        f'<mets:structMap TYPE="PHYSICAL"><mets:div ID="P0">{pages}</mets:div></mets:structMap></mets:mets>'
    )


@pytest.fixture
def process(tmp_path: Path) -> Path:
    folder = tmp_path / "17"
    (folder / MEDIA).mkdir(parents=True)
    for name in PAGES:
        (folder / MEDIA / name).write_bytes(f"page {name}".encode() * 100)
    (folder / "mets.xml").write_text(mets(folder, MEDIA), encoding="utf-8")
    return folder


def job(source: Path, output: Path, template: str | None = None, **parameters: JsonValue) -> LocalContext:
    return run_plugin(MetsPlugin(), source, output, template=template, parameters=parameters)


def test_a_sound_process_gets_a_report_and_a_summary(process: Path, tmp_path: Path) -> None:
    context = job(process, tmp_path / "out")
    summary = ET.parse(tmp_path / "out/validation/mets.xml").getroot()  # noqa: S314 - made by the job
    report = ET.parse(tmp_path / "out/validation/mets/mets.xml").getroot()  # noqa: S314 - made by the job
    assert (summary.get("files"), summary.get("valid")) == ("1", "1")
    assert [one.get("state") for one in report.findall("file")] == ["there"] * 3
    assert context.records[0].facts == {"files": 3, "valid": True}
    assert not context.records[0].warnings


def test_a_document_may_be_the_source_itself(process: Path, tmp_path: Path) -> None:
    (process / "mets.xml").rename(process / "another.xml")
    job(process / "another.xml", tmp_path / "out")
    assert (tmp_path / "out" / "validation" / "mets" / "another.xml").is_file()


def test_goobis_own_metadata_with_paths_of_its_machine_are_understood(process: Path, tmp_path: Path) -> None:
    (process / "mets.xml").unlink()
    text = mets(process, f"file:///opt/digiverso/goobi/metadata/17/{MEDIA}")
    (process / "meta.xml").write_text(text, encoding="utf-8")
    job(process, tmp_path / "out")


def test_exported_metadata_mean_the_files_of_the_same_names(process: Path, tmp_path: Path) -> None:
    text = mets(process, "https://example.org/viewer", "PRESENTATION")
    (process / "mets.xml").write_text(text, encoding="utf-8")
    context = job(process, tmp_path / "as-it-is")
    assert (
        "3 file(s) are elsewhere (https://example.org/viewer/00000001.tif)" in context.records[0].warnings[0]
    )
    job(process, tmp_path / "out", "dfg-viewer")
    (process / MEDIA / PAGES[1]).write_bytes(b"other")
    with pytest.raises(JobFailedError, match=r"00000002\.tif has 5 bytes"):
        job(process, tmp_path / "again", "dfg-viewer")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("change", r"the SHA-256 of 00000002\.tif is .*; METS says"),
        ("remove", rf"files that are not there: {MEDIA}/00000002\.tif"),
        ("add", rf"files that METS does not name: {MEDIA}/00000004\.tif"),
        ("reference", r"FILEID names F9"),
        ("cut", r"not well-formed"),
        ("entity", r"declares a document type"),
    ],
)
def test_what_disagrees_is_named(process: Path, tmp_path: Path, spoil: str, said: str) -> None:
    page, document = process / MEDIA / PAGES[1], process / "mets.xml"
    text = document.read_text(encoding="utf-8")
    match spoil:
        case "change":
            page.write_bytes(page.read_bytes()[::-1])
        case "remove":
            page.unlink()
        case "add":
            page.with_name("00000004.tif").write_bytes(b"new")
        case "reference":
            document.write_text(text.replace('FILEID="F1"', 'FILEID="F9"'), encoding="utf-8")
        case "cut":
            document.write_text(text[:-200], encoding="utf-8")
        case "entity":
            head, body = text.split("?>", 1)
            dtd = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
            document.write_text(f"{head}?>{dtd}{body}", encoding="utf-8")
    with pytest.raises(JobFailedError, match=rf"^1 of 1 file\(s\) not valid: mets\.xml \(.*{said}"):
        job(process, tmp_path / "out")
    context = job(process, tmp_path / "report", invalid="report")
    assert context.records[0].warnings
    assert (tmp_path / "report" / "validation" / "mets.xml").is_file()


def test_without_a_document_there_is_no_verdict(process: Path, tmp_path: Path) -> None:
    (process / "mets.xml").unlink()
    with pytest.raises(JobFailedError, match="holds no METS document"):
        job(process, tmp_path / "out")


def test_a_cancelled_job_leaves_no_report(process: Path, tmp_path: Path) -> None:
    with pytest.raises(CancelledInTestError):
        run_plugin(MetsPlugin(), process, tmp_path / "out", cancel_at=2)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("book", "name", "said"), [("1001", "mets.xml", "GT-PAGE"), ("1005", "meta.xml", "tif")]
)
def test_real_documents_are_read_and_their_missing_files_named(
    samples: Path, tmp_path: Path, book: str, name: str, said: str
) -> None:
    folder = tmp_path / book
    folder.mkdir()
    (folder / name).write_bytes((samples / "books" / book / name).read_bytes())
    with pytest.raises(JobFailedError, match=f"files that are not there: .*{said}"):
        job(folder, tmp_path / "out")
