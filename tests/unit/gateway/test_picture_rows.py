"""What the pages show of a job's files, and which file an address means."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from taskmanager.files.roots import Roots
from taskmanager.model.jobs import FileRecord, FileState, JobError, JobSpec
from taskmanager.model.registry import StoredFile
from taskmanager.model.states import Status
from taskmanager_gateway.access.settings import AccessMode
from taskmanager_gateway.pictures.pairs import Pair, pairs_of
from taskmanager_gateway.pictures.places import Place, Side, place_of
from taskmanager_gateway.pictures.reader.orders import Made
from taskmanager_gateway.pictures.readers import Readers, ReadersBusyError
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_gateway.web.pictures.file_rows import ROWS, found_row, named_in, reported_row

from .conftest import MOMENT, Gateway, job

ONE = job(1).id
FILES = f"/jobs/{ONE}/files"


def failed(message: str) -> Any:
    return job(
        1, status=Status.ERROR, finished=MOMENT, error=JobError(message=message, kind="JobFailedError")
    )


def stored(number: int, **fields: Any) -> StoredFile:
    file = FileRecord.model_validate({"name": f"{number:04}.tif", "state": "done", **fields})
    return StoredFile(job=ONE, attempt=1, number=number, at=MOMENT, file=file)


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../17/0001.tif", "a/../../b.tif", "a\0.tif", "a" * 5_000]
)
def test_a_name_that_leads_elsewhere_is_no_place(name: str) -> None:
    assert place_of(JobSpec(plugin="p", source="/a", destination="/b"), Side.SOURCE, name) is None


def test_files_are_in_the_source_and_results_in_the_destination_or_in_the_source_without_one() -> None:
    both, one = JobSpec(plugin="p", source="/a", destination="/b"), JobSpec(plugin="p", source="/a")
    assert place_of(both, Side.SOURCE, "x/1.tif") == Place("/a", "x/1.tif")
    assert place_of(both, Side.RESULT, "1.jp2") == Place("/b", "1.jp2")
    assert place_of(one, Side.RESULT, "1.jp2") == Place("/a", "1.jp2")
    assert place_of(JobSpec(plugin="p"), Side.SOURCE, "1.tif") is None


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("0001.tif: strip 4 is cut off", True),
        ("cannot read '/in/0001.tif'", True),
        ("0001.tif.", True),
        ("10001.tif: cut off", False),
        ("x-0001.tif: cut off", False),
        ("0001.tiff: cut off", False),
        ("no space left", False),
    ],
)
def test_the_error_of_a_job_names_a_file_only_by_its_whole_name(message: str, *, named: bool) -> None:
    assert named_in(failed(message), "0001.tif") is named
    assert not named_in(job(1), "0001.tif")


def test_a_row_has_the_first_result_that_may_be_a_picture_and_the_first_that_may_be_alto() -> None:
    row = reported_row(job(1), stored(1, results=["a.txt", "ocr/a.xml", "b.JP2", "c.jpg"]))
    assert (row.source and row.source.name, row.result and row.result.name, row.words) == (
        "0001.tif",
        "b.JP2",
        "ocr/a.xml",
    )
    none = reported_row(job(1), stored(1, name="meta.xml", results=["x.pdf"]))
    assert (none.source, none.result, none.words) == (None, None, None)


def test_a_file_is_broken_if_it_failed_or_the_error_names_it() -> None:
    assert reported_row(job(1), stored(1, state=FileState.FAILED)).broken
    assert found_row(failed("0002.tif is no picture"), 2, Pair("0002.tif", ())).broken
    assert not found_row(failed("0002.tif is no picture"), 1, Pair("0001.tif", ())).broken


def test_files_that_nothing_was_reported_of_are_paired_by_name(tmp_path: Path) -> None:
    for name in ("in/p10.tif", "in/p9.tif", "in/.hidden.tif", "out/p9.jpg", "out/p9.xml", "out/other.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    roots = Roots.of([tmp_path])
    spec = JobSpec(plugin="p", source=f"{tmp_path}/in", destination=f"{tmp_path}/out")
    assert pairs_of(spec, roots) == (Pair("p9.tif", ("p9.jpg", "p9.xml")), Pair("p10.tif", ()))
    assert pairs_of(JobSpec(plugin="p"), roots) == ()
    in_place = JobSpec(plugin="p", source=f"{tmp_path}/in", destination=f"{tmp_path}/in")
    assert pairs_of(in_place, roots)[0] == Pair("p9.tif", ())


# --- the pages ----------------------------------------------------------------------------------------------


async def shown(gateway: Gateway, address: str, language: str = "en") -> httpx.Response:
    return await gateway.client.get(address, headers={"accept": "text/html", "accept-language": language})


async def test_the_list_names_broken_files_and_goes_on_page_by_page(gateway: Gateway) -> None:
    gateway.reader.put(job(1, attempt=1, status=Status.PROCESSING, owner="r"))
    gateway.reader.recorded = [stored(number) for number in range(1, ROWS + 2)]
    gateway.reader.recorded[ROWS] = stored(
        ROWS + 1, name="odd<b>.tif", state="failed", error="strip 4 is cut off", results=[]
    )

    first = (await shown(gateway, FILES)).raise_for_status().text
    assert first.count("<li ") == ROWS
    assert f'href="{FILES}/{ROWS + 1}"><bdi>odd&lt;b&gt;.tif' in first
    assert f'rel="next" href="{FILES}?after={ROWS}"' in first
    assert 'rel="prev"' not in first

    second = (await shown(gateway, f"{FILES}?after={ROWS}", "de")).raise_for_status().text
    assert second.count("<li ") == 1
    assert "strip 4 is cut off" in second
    assert "schadhaft" in second
    assert f'rel="prev" href="{FILES}"' in second
    assert 'rel="next"' not in second

    failures = (await shown(gateway, f"{FILES}?state=failed")).text
    assert failures.count("<li ") == 1
    assert "No file is in this state." in (await shown(gateway, f"{FILES}?state=left+out")).text


async def test_a_file_has_a_page_with_its_neighbours(gateway: Gateway) -> None:
    gateway.reader.put(job(1, attempt=1, status=Status.PROCESSING, owner="r"))
    gateway.reader.recorded = [stored(n, results=[f"ä {n}.jp2", "a.xml"]) for n in (1, 2, 3)]

    page = (await shown(gateway, f"{FILES}/2")).raise_for_status().text
    assert f'rel="prev" href="{FILES}/1"' in page
    assert f'rel="next" href="{FILES}/3"' in page
    assert f"/ui/jobs/{ONE}/pictures/result/large?name=%C3%A4+2.jp2" in page
    assert f"/ui/jobs/{ONE}/pictures/words?name=a.xml" in page
    assert 'rel="next"' not in (await shown(gateway, f"{FILES}/3")).text
    missing = await shown(gateway, f"{FILES}/4")
    assert missing.status_code == 404
    assert "no file number 4" in missing.text


async def test_without_reports_the_files_of_the_source_are_shown(gateway: Gateway, roots: Path) -> None:
    for name in ("1.tif", "2.tif"):
        (roots / name).touch()
    gateway.reader.put(
        failed("2.tif: no picture").model_copy(update={"spec": JobSpec(plugin="noop", source=str(roots))})
    )

    page = (await shown(gateway, FILES)).raise_for_status().text
    assert page.count("<li ") == 2
    assert "has reported nothing" in page
    assert page.count("tm-file-broken") == 1
    assert "2.tif" in (await shown(gateway, f"{FILES}/2")).text
    assert (await shown(gateway, f"{FILES}/3")).status_code == 404


async def test_a_source_that_cannot_be_seen_has_no_files(gateway: Gateway) -> None:
    gateway.reader.put(job(1, source="/elsewhere/images"))
    assert "none can be seen" in (await shown(gateway, FILES)).raise_for_status().text


class TestTurnedOff:
    @pytest.fixture
    def settings(self, roots: Path) -> GatewaySettings:
        return GatewaySettings(roots=str(roots), access=AccessMode.OFF, viewer_processes=0)

    async def test_the_list_says_so_and_asks_for_no_picture(self, gateway: Gateway) -> None:
        gateway.reader.put(job(1, attempt=1, status=Status.PROCESSING, owner="r"))
        gateway.reader.recorded = [stored(1)]
        page = (await shown(gateway, FILES)).raise_for_status().text
        assert "TASKMANAGER_VIEWER_PROCESSES is 0" in page
        assert "/pictures/" not in page
        answer = await gateway.client.get(f"/jobs/{ONE}/pictures/source/thumbnail?name=0001.tif")
        assert answer.status_code == 501


async def test_a_picture_for_which_there_is_no_reader_is_asked_for_again(
    gateway: Gateway, roots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: object) -> Made:
        raise ReadersBusyError("")

    monkeypatch.setattr(Readers, "made", busy)
    (roots / "1.tif").touch()
    gateway.reader.put(job(1, source=str(roots)))
    part = f"/ui/jobs/{ONE}/pictures/source/small?name=1.tif"
    answer = await gateway.client.get(part, headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert f'hx-get="{part}&amp;page=1" hx-trigger="load delay:2s" hx-target="this"' in answer.text
    answer = await gateway.client.get(f"/jobs/{ONE}/pictures/source/thumbnail?name=1.tif")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_a_result_without_readable_words_says_so_in_the_reader_s_language(
    gateway: Gateway, roots: Path
) -> None:
    gateway.reader.put(job(1, source=str(roots)))
    answer = await gateway.client.get(
        f"/ui/jobs/{ONE}/pictures/words?name=1.xml", headers={"hx-request": "true", "accept-language": "de"}
    )
    assert answer.status_code == 200
    assert "Es gibt keine Datei 1.xml" in answer.text


async def test_a_folder_outside_of_the_roots_is_said_in_the_place_of_the_picture(gateway: Gateway) -> None:
    gateway.reader.put(job(1, source="/elsewhere/images"))
    for part in ("source/small", "source/large"):
        answer = await gateway.client.get(
            f"/ui/jobs/{ONE}/pictures/{part}?name=1.tif",
            headers={"hx-request": "true", "accept-language": "de"},
        )
        assert answer.status_code == 200
        assert "tm-unshown" in answer.text
        assert "führt aus den Ordnern hinaus" in answer.text
    unknown = f"/ui/jobs/{job(2).id}/pictures/source/small?name=1.tif"
    assert (await gateway.client.get(unknown, headers={"hx-request": "true"})).status_code == 404


async def test_the_job_leads_to_its_pictures_before_anything_was_reported_too(gateway: Gateway) -> None:
    gateway.reader.put(job(1))
    assert f'href="{FILES}"' not in (await shown(gateway, f"/jobs/{ONE}")).text
    gateway.reader.put(job(1, source="/opt/images"))
    assert f'href="{FILES}"' in (await shown(gateway, f"/jobs/{ONE}")).text
    gateway.reader.put(job(1, attempt=1, status=Status.PROCESSING, owner="r"))
    gateway.reader.recorded = [stored(1)]
    assert f'href="{FILES}"' in (await shown(gateway, f"/jobs/{ONE}")).text
