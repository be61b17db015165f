"""Downloads from a server here that behaves like the Internet Archive, or a IIIF server, on bad days."""

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.integration.plugins.conftest import page
from tests.peers.library import Answer, Library, serving

from taskmanager.errors import JobFailedError, TemporaryError
from taskmanager.model.jobs import JobSpec
from taskmanager_plugin_runner.plugins.download import DownloadPlugin
from taskmanager_testing.plugins import CancelledInTestError, LocalContext, run_plugin

ITEM = "zoologia00book"
ZIP = f"/download/{ITEM}/{ITEM}_jp2.zip"
FORMAT = "Single Page Processed JP2 ZIP"


@pytest.fixture
def library() -> Iterator[Library]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace of the runner, which outlives an attempt."""
    monkeypatch.setenv("TASKMANAGER_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace"


def picture(number: int, kind: str = "JPEG2000") -> bytes:
    """A page, different for each number."""
    drawn = io.BytesIO()
    page("L", (60 + number, 80)).save(drawn, kind)
    return drawn.getvalue()


def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: Library, **more: Any) -> None:
    """The operator's template `here`, which allows requests to this machine."""
    values = {
        "title": "here",
        "hosts": ["127.0.0.1"],
        "private_hosts": ["127.0.0.1"],
        "archive": library.url,
        "requests_per_second": 500,
        "first_wait_seconds": 0,
        **more,
    }
    folder = tmp_path / "templates" / "download"
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join(f"{key} = {json.dumps(value)}" for key, value in values.items())
    (folder / "here.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("TASKMANAGER_TEMPLATES", str(folder.parent))


def download(out: Path, item: str = ITEM, **more: Any) -> LocalContext:
    """Run one job with that template."""
    return run_plugin(DownloadPlugin(), None, out, template="here", parameters={"item": item}, **more)


def describe(library: Library, files: Mapping[str, tuple[str, bytes]], **metadata: str) -> None:
    """Offer an item with these files; each has a format."""
    listed = [{"name": f"{ITEM}_meta.xml", "source": "original", "format": "Metadata"}]
    for name, (kind, body) in files.items():
        library.files[f"/download/{ITEM}/{name}"] = body
        listed.append(
            {
                "name": name,
                "source": "original" if kind in {"JPEG", "TIFF"} else "derivative",
                "format": kind,
                "size": str(len(body)),
                "md5": hashlib.md5(body, usedforsecurity=False).hexdigest(),
                "sha1": hashlib.sha1(body, usedforsecurity=False).hexdigest(),
            }
        )
    library.files[f"/metadata/{ITEM}"] = json.dumps({"files": listed, "metadata": metadata}).encode()


def zipped(count: int = 3, name: str = ITEM) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(f"{name}_jp2/", b"")
        for number in reversed(range(1, count + 1)):
            file.writestr(f"{name}_jp2/{name}_{number}.jp2", picture(number))
        file.writestr(f"{name}_jp2/readme.txt", b"hello")
    return packed.getvalue()


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def widths(folder: Path) -> list[int]:
    found = []
    for path in sorted(folder.iterdir()):
        with Image.open(path) as opened:
            found.append(opened.size[0])
    return found


def test_the_pages_of_a_container_are_numbered_in_their_order(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    template(tmp_path, monkeypatch, library)
    describe(library, {f"{ITEM}_jp2.zip": (FORMAT, zipped(11))}, imagecount="11")
    context = download(tmp_path / "out")
    assert names(tmp_path / "out") == [f"{number:08}.jp2" for number in range(1, 12)]
    assert widths(tmp_path / "out") == [60 + number for number in range(1, 12)]
    assert [record.results for record in context.records][-1] == ("00000011.jp2",)
    assert not [line for level, line in context.log.lines if level == "warning"]
    assert list((workspace / "unfinished-downloads").iterdir()) == []


def test_a_count_that_differs_is_a_warning(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library, folder="images/master_{process_title}_media")
    describe(library, {f"{ITEM}_jp2.zip": (FORMAT, zipped(2))}, imagecount="3")
    context = download(tmp_path / "out")
    place = "images/master_title_of_a_process_media"
    assert names(tmp_path / "out") == [f"{place}/00000001.jp2", f"{place}/00000002.jp2"]
    assert ("warning", f"{place} holds 2 pages, and the source counts 3") in context.log.lines


def test_single_pictures_and_wanted_companions_are_taken_with_their_own_names(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(
        tmp_path, monkeypatch, library, names="original", others=["*_scandata.xml"], others_folder="source"
    )
    pages = {f"p{number}.jpg": ("JPEG", picture(number, "JPEG")) for number in (10, 9)}
    describe(library, {**pages, "b_scandata.xml": ("Scandata", b"<book/>"), "thumb.jpg": ("Thumb", b"x")})
    download(tmp_path / "out")
    assert names(tmp_path / "out") == ["p10.jpg", "p9.jpg", "source/b_scandata.xml"]


def test_volumes_are_told_apart_by_the_beginning_of_their_names(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library)
    describe(library, {f"v{number}_jp2.zip": (FORMAT, zipped(number)) for number in (1, 2)})
    download(tmp_path / "out")
    assert names(tmp_path / "out") == ["0001_00000001.jp2", "0002_00000001.jp2", "0002_00000002.jp2"]


def test_a_cut_connection_is_taken_up_where_it_was_cut(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library, tries=2)
    body = zipped()
    describe(library, {f"{ITEM}_jp2.zip": (FORMAT, body)})
    cuts = [Answer(cut_after=size) for size in (1000, 500, 700)]
    library.faults[ZIP] = [*cuts, Answer(503, {"Retry-After": "0"})]
    download(tmp_path / "out")
    assert len(names(tmp_path / "out")) == 3
    ranges = [headers.get("range") for headers in library.asked(ZIP)]
    assert ranges == [None, "bytes=1000-", "bytes=1500-", "bytes=2200-", "bytes=2200-"]
    assert all("if-range" in headers for headers in library.asked(ZIP)[1:])


def test_without_a_validator_a_file_is_begun_again(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library)
    library.validators = False
    describe(library, {f"{ITEM}_jp2.zip": (FORMAT, zipped())})
    library.faults[ZIP] = [Answer(cut_after=1000)]
    download(tmp_path / "out")
    assert [headers.get("range") for headers in library.asked(ZIP)] == [None, None]


def test_a_file_that_changed_meanwhile_is_begun_again(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first attempt gets the beginning of another file; `If-Range` notices it."""
    template(tmp_path, monkeypatch, library, tries=1)
    describe(library, {f"{ITEM}_jp2.zip": (FORMAT, zipped(2))})
    library.faults[ZIP] = [Answer(cut_after=1000), Answer(502)]
    with pytest.raises(TemporaryError, match="broke off 1 times: status 502"):
        download(tmp_path / "out")
    describe(library, {f"{ITEM}_jp2.zip": (FORMAT, zipped(3))})
    download(tmp_path / "out")
    assert library.asked(ZIP)[-1]["range"] == "bytes=1000-"
    assert len(names(tmp_path / "out")) == 3


def test_the_next_attempt_goes_on_after_the_last_finished_file(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    template(tmp_path, monkeypatch, library)
    files = {f"p{number}.jpg": ("JPEG", picture(number, "JPEG")) for number in range(1, 5)}
    describe(library, files)
    library.faults[f"/download/{ITEM}/p3.jpg"] = [Answer(503, {"Retry-After": "3600"})]
    with pytest.raises(TemporaryError, match=r"asks to wait for 3600 s"):
        download(tmp_path / "out")
    kept = next((workspace / "unfinished-downloads").iterdir())
    damaged = next(iter(sorted(kept.glob("*.file"))))
    damaged.write_bytes(b"not what it was")
    download(tmp_path / "again")
    asked = [len(library.asked(f"/download/{ITEM}/p{number}.jpg")) for number in range(1, 5)]
    assert sorted(asked[:2]) == [1, 2]
    assert asked[2:] == [2, 1]
    assert len(names(tmp_path / "again")) == 4


def test_a_file_that_never_ends_is_left_for_the_next_attempt(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library, file_seconds_most=0.000001)
    describe(library, {f"{ITEM}_jp2.zip": (FORMAT, zipped())})
    with pytest.raises(TemporaryError, match=r"did not arrive within"):
        download(tmp_path / "out")


def test_a_cancelled_download_stops_in_the_middle_of_a_file(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library)
    describe(library, {f"{ITEM}_jp2.zip": (FORMAT, zipped(3) + bytes(3_000_000))})
    with pytest.raises(CancelledInTestError):
        download(tmp_path / "out", cancel_at=12)
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("md5", "0" * 32, None),
        ("sha1", "0" * 40, r"the SHA-1 of .* should be 0000"),
        ("size", "17", r"bytes and should have 17"),
    ],
)
def test_what_is_not_what_the_archive_says_is_refused(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str, said: str | None
) -> None:
    template(tmp_path, monkeypatch, library)
    describe(library, {f"{ITEM}_jp2.zip": (FORMAT, zipped())})
    described = json.loads(library.files[f"/metadata/{ITEM}"])
    described["files"][1][key] = value
    if key == "md5":
        del described["files"][1]["sha1"]
        said = r"the MD5 of .* should be 0000"
    library.files[f"/metadata/{ITEM}"] = json.dumps(described).encode()
    with pytest.raises(JobFailedError, match=said):
        download(tmp_path / "out")
    assert len(library.asked(ZIP)) == 2
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"PK\x03\x04 and no more", "cannot be unpacked"),
        (b"", "cannot be unpacked"),
    ],
)
def test_a_damaged_container_is_named(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes, said: str
) -> None:
    template(tmp_path, monkeypatch, library)
    describe(library, {f"{ITEM}_jp2.zip": (FORMAT, body)})
    with pytest.raises(JobFailedError, match=rf"{ITEM}_jp2.zip {said}"):
        download(tmp_path / "out")


def test_a_container_that_swells_is_refused_and_leads_nowhere(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library, file_bytes_most=300_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../away.jp2", picture(1))
        file.writestr("large.tif", bytes(2_000_000))
    describe(library, {f"{ITEM}_jp2.zip": (FORMAT, packed.getvalue())})
    with pytest.raises(JobFailedError, match=r"large.tif is larger than the template allows"):
        download(tmp_path / "out")
    assert not list(tmp_path.rglob("away.jp2"))


def test_a_tar_is_unpacked_too(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template(tmp_path, monkeypatch, library)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as file:
        for number in (2, 1):
            entry = tarfile.TarInfo(f"b/{number}.jp2")
            entry.size = len(picture(number))
            file.addfile(entry, io.BytesIO(picture(number)))
        link = tarfile.TarInfo("b/0.jp2")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
    describe(library, {f"{ITEM}_orig.tar": ("Single Page Original JP2 Tar", packed.getvalue())})
    download(tmp_path / "out")
    assert widths(tmp_path / "out") == [61, 62]


def test_an_item_that_is_not_there_or_has_no_pages_is_named(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library)
    library.files[f"/metadata/{ITEM}"] = b"{}"
    with pytest.raises(JobFailedError, match=f"has no item {ITEM}"):
        download(tmp_path / "out")
    describe(library, {"a.mp3": ("VBR MP3", b"la")})
    with pytest.raises(JobFailedError, match=r"no page images; its formats: Metadata, VBR MP3"):
        download(tmp_path / "out")
    library.files[f"/metadata/{ITEM}"] = b"[" * 100_000
    with pytest.raises(JobFailedError, match="not readable as JSON"):
        download(tmp_path / "out")


# IIIF


def manifest_3(library: Library, *pages: Mapping[str, Any], **more: Any) -> str:
    """Offer a manifest of version 3 and return its address."""
    items = [
        {"type": "Canvas", "label": {"de": [f"S. {number}"]}, "items": [{"items": [{"body": body}]}]}
        for number, body in enumerate(pages, start=1)
    ]
    library.files["/manifest"] = json.dumps({"type": "Manifest", "items": items, **more}).encode()
    return f"{library.url}/manifest"


def iiif_page(library: Library, number: int, kind: str = "JPEG") -> dict[str, Any]:
    """Offer the picture of a page by an image service of version 3."""
    library.files[f"/iiif/{number}/full/max/0/default.jpg"] = picture(number, kind)
    service = [{"id": f"{library.url}/iiif/{number}", "type": "ImageService3"}]
    return {
        "type": "Image",
        "id": f"{library.url}/small/{number}.jpg",
        "service": service,
        "width": 60 + number,
        "height": 80,
    }


def test_a_manifest_of_version_3_gives_the_pages_at_full_size(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library)
    address = manifest_3(library, iiif_page(library, 2), iiif_page(library, 1))
    context = download(tmp_path / "out", address)
    assert names(tmp_path / "out") == ["00000001.jpg", "00000002.jpg"]
    assert widths(tmp_path / "out") == [62, 61]
    assert [record.name for record in context.records] == ["1 (S. 1)", "2 (S. 2)"]
    assert not any(record.warnings for record in context.records)


def test_the_same_picture_on_two_pages_is_asked_for_once_and_given_twice(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library)
    blank = iiif_page(library, 1)
    download(tmp_path / "out", manifest_3(library, blank, iiif_page(library, 2), blank))
    assert widths(tmp_path / "out") == [61, 62, 61]
    assert len(library.asked("/iiif/1/full/max/0/default.jpg")) == 1


def test_a_picture_that_is_smaller_than_declared_is_a_warning(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library)
    body = {**iiif_page(library, 1), "width": 6100, "height": 8000}
    context = download(tmp_path / "out", manifest_3(library, body))
    assert context.records[0].warnings == ("the picture has 61 x 80 pixels and should have 6100 x 8000",)


def test_a_damaged_page_is_named_with_its_label(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library)
    address = manifest_3(library, iiif_page(library, 1), iiif_page(library, 2))
    whole = library.files["/iiif/2/full/max/0/default.jpg"]
    library.files["/iiif/2/full/max/0/default.jpg"] = whole[: len(whole) // 2]
    with pytest.raises(JobFailedError, match=r"^2 \(S\. 2\): "):
        download(tmp_path / "out", address)
    library.files["/iiif/2/full/max/0/default.jpg"] = b"<html>not found</html>"
    with pytest.raises(JobFailedError, match=r"^2 \(S\. 2\): "):
        download(tmp_path / "again", address)
    del library.files["/iiif/2/full/max/0/default.jpg"]
    with pytest.raises(JobFailedError, match=r"/iiif/2/.* is answered with status 404"):
        download(tmp_path / "third", address)


def test_a_collection_is_a_work_of_several_volumes(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library)
    address = manifest_3(library, iiif_page(library, 1))
    members = [{"type": "Manifest", "id": address}, {"type": "Manifest", "id": address}]
    library.files["/collection"] = json.dumps({"type": "Collection", "items": members}).encode()
    download(tmp_path / "out", f"{library.url}/collection")
    assert names(tmp_path / "out") == ["0001_00000001.jpg", "0002_00000001.jpg"]


@pytest.mark.parametrize(
    ("extra", "found"),
    [
        ({"sourceDir": "{url}/download/book"}, True),
        ({"sourceDir": "/opt/digiverso/images"}, False),
        (None, False),
    ],
)
def test_the_address_in_an_old_call_is_taken_and_a_folder_is_not(
    library: Library,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    extra: dict[str, str] | None,
    found: bool,
) -> None:
    """ITM's job type IADOWNLOAD names the item as source; JDOWNLOAD names a folder."""
    template(tmp_path, monkeypatch, library)
    library.files["/metadata/book"] = b"{}"
    sent = {key: value.format(url=library.url) for key, value in extra.items()} if extra else None
    spec = JobSpec(plugin="download", template="here", extra=sent)
    for name in ("out", "scratch"):
        (tmp_path / name).mkdir()
    context = LocalContext(spec, "here", None, tmp_path / "out", tmp_path / "scratch")
    said = "has no item book" if found else "names nothing to download"
    with pytest.raises(JobFailedError, match=said):
        DownloadPlugin().run(context)


# Where requests may go


def test_no_request_goes_to_an_address_of_this_network_unless_the_operator_allows_it(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library, private_hosts=[])
    with pytest.raises(
        JobFailedError, match=r"127\.0\.0\.1 has the address 127\.0\.0\.1, which is not public"
    ):
        download(tmp_path / "out")
    assert library.requests == []


def test_what_counts_is_the_address_behind_the_name(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = library.url.rpartition(":")[2]
    template(tmp_path, monkeypatch, library, hosts=["localhost"], archive=f"http://localhost:{port}")
    with pytest.raises(JobFailedError, match=r"localhost has the address .*, which is not public"):
        download(tmp_path / "out")
    assert library.requests == []


def test_a_redirect_goes_where_requests_may_go_and_nowhere_else(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library, hosts=["127.0.0.1", "localhost"])
    describe(library, {f"{ITEM}_jp2.zip": (FORMAT, zipped())})
    library.files["/mirror"] = library.files[ZIP]
    library.faults[ZIP] = [Answer(302, {"Location": "/mirror"})]
    download(tmp_path / "out")
    assert len(names(tmp_path / "out")) == 3
    port = library.url.rpartition(":")[2]
    leading_away = {
        f"http://localhost:{port}/mirror": "which is not public",
        "http://169.254.169.254/latest/meta-data": "does not allow requests to 169.254.169.254",
        "file:///etc/passwd": "no address to download from",
    }
    for number, (location, said) in enumerate(leading_away.items()):
        library.faults[ZIP] = [Answer(302, {"Location": location})]
        before = len(library.asked("/mirror"))
        with pytest.raises(JobFailedError, match=said):
            download(tmp_path / f"out{number}")
        assert len(library.asked("/mirror")) == before
    library.faults[ZIP] = [Answer(302, {"Location": ZIP})] * 20
    with pytest.raises(JobFailedError, match="leads on too often"):
        download(tmp_path / "circle")


def test_results_of_an_earlier_job_whose_page_is_gone_are_handled(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, library)
    describe(library, {f"{ITEM}_jp2.zip": (FORMAT, zipped())})
    there = tmp_path / "there"
    there.mkdir()
    (there / "00000009.jp2").write_bytes(b"old")
    parameters = {"item": ITEM, "existing": "replace"}
    run_plugin(
        DownloadPlugin(), None, tmp_path / "out", template="here", parameters=parameters, destination=there
    )
    assert names(there) == ["00000001.jp2", "00000002.jp2", "00000003.jp2"]
    assert (there / "00000001.jp2").stat().st_nlink == 1
