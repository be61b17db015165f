"""What became of a job's files and what it warned of: in the API and on the pages."""

from typing import Any

import httpx
import pytest

from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.model.registry import FILES_KEPT, StoredFile
from taskmanager.model.states import Status
from taskmanager_gateway.web.jobs.job_files import FOLLOWED, ROWS

from .conftest import MOMENT, Gateway, job

SCRIPT = "<script>document.title='owned'</script>"
ONE = job(1).id
FILES = f"/api/v1/jobs/{ONE}/files"
DONE: dict[str, Any] = {"status": Status.DONE, "finished": MOMENT}


def put(gateway: Gateway, count: int, **fields: Any) -> None:
    """The job in its second attempt, with so many files."""
    gateway.reader.put(job(1, **{"attempt": 2, "status": Status.PROCESSING, "owner": "r", **fields}))
    gateway.reader.recorded = [stored(number) for number in range(1, count + 1)]


def stored(number: int, attempt: int = 2, **fields: Any) -> StoredFile:
    file = FileRecord.model_validate({"name": f"{number:04}.tif", "state": "done", **fields})
    return StoredFile(job=ONE, attempt=attempt, number=number, at=MOMENT, file=file)


async def shown(gateway: Gateway, address: str, language: str = "en") -> httpx.Response:
    headers = {"accept": "text/html", "accept-language": language, "hx-request": "true"}
    return await gateway.client.get(address, headers=headers)


async def test_files_are_read_page_by_page(gateway: Gateway) -> None:
    put(gateway, 5)
    names: list[list[str]] = []
    address: str | None = f"{FILES}?limit=2"
    while address:
        page = (await gateway.client.get(address)).raise_for_status().json()
        names.append([one["name"] for one in page["files"]])
        address = page["links"].get("next")

    assert names == [["0001.tif", "0002.tif"], ["0003.tif", "0004.tif"], ["0005.tif"]]
    assert (page["job"], page["attempt"], page["next_cursor"], page["cut"]) == (ONE, 2, None, False)


async def test_a_file_is_shown_with_all_that_was_told_of_it(gateway: Gateway) -> None:
    put(gateway, 0)
    told: dict[str, Any] = {
        "results": ["a.jp2"],
        "facts": {"bits": 8},
        "bytes": 9,
        "seconds": 1.5,
        "warnings": ["odd"],
    }
    gateway.reader.recorded = [stored(1, **told)]

    (file,) = (await gateway.client.get(FILES)).json()["files"]

    empty = {"result_facts": {}, "result_bytes": 0, "error": None}
    assert file == {"number": 1, "name": "0001.tif", "state": "done", **told, **empty}


async def test_files_of_earlier_attempts_are_not_shown(gateway: Gateway) -> None:
    put(gateway, 1)
    gateway.reader.recorded += [stored(number, attempt=1) for number in (1, 2, 3)]

    assert len((await gateway.client.get(FILES)).json()["files"]) == 1


async def test_files_are_kept_to_a_state(gateway: Gateway) -> None:
    put(gateway, 2)
    gateway.reader.recorded.append(stored(3, state=FileState.LEFT_OUT))

    answer = await gateway.client.get(FILES, params={"state": "left out"})

    assert [one["number"] for one in answer.json()["files"]] == [3]


async def test_a_cut_list_says_so_at_its_end(gateway: Gateway) -> None:
    put(gateway, 1)
    gateway.reader.recorded.append(stored(FILES_KEPT + 1))

    assert (await gateway.client.get(FILES)).json()["cut"] is True
    assert "no more files of an attempt are kept" in (await shown(gateway, f"/jobs/{ONE}")).text


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        ("state=lost", 422, "invalid-request"),
        ("limit=0", 422, "invalid-request"),
        ("cursor=1.50", 422, "invalid-cursor"),
        ("cursor=x", 422, "invalid-cursor"),
    ],
)
async def test_a_wrong_question_about_files_is_refused(
    gateway: Gateway, query: str, status: int, kind: str
) -> None:
    put(gateway, 1)
    answer = await gateway.client.get(f"{FILES}?{query}")

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:taskmanager:problem:{kind}")


async def test_files_of_an_unknown_job_are_not_found(gateway: Gateway) -> None:
    assert (await gateway.client.get(FILES)).status_code == 404


async def test_a_job_tells_its_warnings_and_a_list_their_number(gateway: Gateway) -> None:
    put(gateway, 0, warnings=21, warning_texts=("no profile",), **DONE)

    one = (await gateway.client.get(f"/api/v1/jobs/{ONE}")).json()
    (listed,) = (await gateway.client.get("/api/v1/jobs")).json()["jobs"]

    assert (one["warnings"], one["warning_texts"]) == (21, ["no profile"])
    assert (listed["warnings"], listed["warning_texts"]) == (21, [])
    assert one["links"]["files"] == FILES


async def test_lists_are_kept_to_jobs_with_warnings(gateway: Gateway) -> None:
    gateway.reader.put(job(1, warnings=1, **DONE))
    gateway.reader.put(job(2, **DONE))
    gateway.reader.put(job(3, warnings=2))

    async def ids(query: str) -> list[int]:
        answer = (await gateway.client.get(f"/api/v1/jobs?{query}")).raise_for_status()
        return [int(one["id"][-12:]) for one in answer.json()["jobs"]]

    assert await ids("tab=done&warnings=true") == [1]
    assert sorted(await ids("warnings=true")) == [1, 3]
    assert await ids("tab=queue&warnings=true") == [3]
    preview = {"action": "retry", "filter": {"plugin": "noop", "warnings": True}, "dry_run": True}
    answer = await gateway.client.post("/api/v1/operations", json=preview)
    assert answer.json()["count"] == 2


@pytest.mark.parametrize("query", ["warnings=false", "warnings=maybe", "tab=queue&sort=turn&warnings=true"])
async def test_a_list_nothing_serves_is_refused(gateway: Gateway, query: str) -> None:
    assert (await gateway.client.get(f"/api/v1/jobs?{query}")).status_code == 422


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("2 warnings", "What was made of it")), ("de", ("2 Warnungen", "Was daraus wurde"))],
)
async def test_the_page_of_a_job_shows_warnings_and_files(
    gateway: Gateway, language: str, words: tuple[str, ...]
) -> None:
    put(gateway, 0, warnings=2, warning_texts=(SCRIPT,), **DONE)
    facts: dict[str, Any] = {"results": ("a.jp2",), "facts": {"bits": 8}, "warnings": [SCRIPT]}
    gateway.reader.recorded = [stored(1, **facts), stored(2, state="failed", error="damaged")]

    for address in (f"/jobs/{ONE}", f"/ui/jobs/{ONE}"):
        page = (await shown(gateway, address, language)).text
        for text in (*words, "0001.tif", "a.jp2", "8 bits", "damaged", "&lt;script&gt;document"):
            assert text in page
        assert SCRIPT not in page


async def test_a_job_that_told_of_no_files_shows_no_list_of_them(gateway: Gateway) -> None:
    put(gateway, 0, **DONE)

    page = (await shown(gateway, f"/jobs/{ONE}")).text

    assert "job-files-title" not in page
    assert "files-next" not in page


async def test_a_job_at_work_gets_its_new_files_at_the_end_of_the_list(gateway: Gateway) -> None:
    put(gateway, 0)
    assert f'hx-get="/ui/jobs/{ONE}/files"' in (await shown(gateway, f"/jobs/{ONE}")).text

    put(gateway, 3)
    assert f"/ui/jobs/{ONE}/files?cursor=2.3" in (await shown(gateway, f"/ui/jobs/{ONE}/files")).text

    put(gateway, 4)
    rows = (await shown(gateway, f"/ui/jobs/{ONE}/files?cursor=2.3")).text
    assert (rows.count("data-file="), "cursor=2.4" in rows) == (1, True)
    assert "<table" not in rows


async def test_many_files_come_when_they_are_asked_for(gateway: Gateway) -> None:
    put(gateway, ROWS + 1)
    page = (await shown(gateway, f"/ui/jobs/{ONE}/files?state=done")).text
    assert f"/ui/jobs/{ONE}/files?cursor=2.{ROWS}&amp;state=done" in page
    assert "More files" in page
    assert "files-next" not in page

    put(gateway, FOLLOWED)
    last = (await shown(gateway, f"/ui/jobs/{ONE}/files?cursor=2.{FOLLOWED - 1}")).text
    assert "More files" in last
    assert "files-next" not in last


async def test_another_attempt_takes_the_place_of_the_list(gateway: Gateway) -> None:
    put(gateway, 2)

    answer = await shown(gateway, f"/ui/jobs/{ONE}/files?cursor=1.50")

    assert (answer.status_code, answer.headers["hx-retarget"]) == (200, "#job-files")
    assert answer.text.count("data-file=") == 2


async def test_a_row_of_an_ended_job_says_how_many_warnings_there_were(gateway: Gateway) -> None:
    gateway.reader.put(job(1, warnings=1200, **DONE))
    gateway.reader.put(job(2, warnings=1))

    done = (await shown(gateway, "/plugins/noop?tab=done&warnings=true")).text
    waiting = (await shown(gateway, "/plugins/noop")).text

    assert "1,200 warnings" in done
    assert 'name="warnings" value="true" checked' in done
    assert "tm-warned" not in waiting
    assert 'name="warnings"' not in waiting


async def test_a_queue_kept_to_warnings_is_shown_whole_and_says_so(gateway: Gateway) -> None:
    gateway.reader.put(job(1))

    page = (await shown(gateway, "/plugins/noop?warnings=true")).text

    assert "was ignored: warnings" in page
    assert f"job-{ONE}" in page
