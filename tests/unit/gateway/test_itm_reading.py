"""What the dashboard of Goobi and the viewer read, parsed as they parse it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.gateway.itm import as_dashboard_job, as_dashboard_plugin, new_viewer, old_viewer

from taskmanager.model.jobs import Attribution, GoobiReference, JobError, Progress
from taskmanager.model.states import Status
from taskmanager_gateway.itm.overview import number_of
from taskmanager_gateway.settings import GatewaySettings

from .conftest import MOMENT, Gateway, Scheduler, installed, job, make_gateway

ERROR = JobError(message="page 7: not a TIFF", kind="JobFailedError")
GOOBI = GoobiReference(process_id=4711, step_id=23, process_title="bd1_1890")


async def read(gateway: Gateway, address: str) -> Any:
    answer = await gateway.client.get(f"/itm/{address}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


async def listed(gateway: Gateway, query: str) -> list[dict[str, Any]]:
    return [as_dashboard_job(row) for row in await read(gateway, f"api?action=getJobs{query}")]


async def test_get_plugins(gateway: Gateway) -> None:
    gateway.reader.put(job(1))
    gateway.reader.put(job(2, status=Status.PROCESSING))
    gateway.reader.put(job(3, status=Status.DONE, finished=MOMENT))
    gateway.reader.install(installed("jp2", paused=True))

    rows = [as_dashboard_plugin(row) for row in await read(gateway, "api?action=getPlugins")]

    assert rows == [("BARE", 0, True), ("CLOSED", 0, True), ("JP2", 0, False), ("NOOP", 2, True)]


async def test_get_jobs_done(gateway: Gateway) -> None:
    done: dict[str, Any] = {"status": Status.DONE, "finished": MOMENT + timedelta(seconds=2.5)}
    fields: dict[str, Any] = {
        "source": "/r/4711/a",
        "destination": "/r/b",
        "template": "fast",
        "bytes": 2**40,
        "files": 12,
    }
    gateway.reader.put(
        job(1, goobi=GOOBI, title="JPEG", priority=7, extra={"serverType": "x"}, **done, **fields)
    )
    gateway.reader.put(job(2))

    (row,) = await listed(gateway, "&jobtype=NOOP&status=DONE")

    request = json.loads(row.pop("requestString"))
    assert request == {"JOBID": job(1).id, "serverType": "x"}
    start = int(MOMENT.timestamp() * 1000)
    assert row == {
        "id": 1,
        "timestampStart": start,
        "timestampEnd": start + 2500,
        "priority": 7,
        "status": "DONE",
        "jobType": "NOOP",
        "goobiId": "4711",
        "errorMessage": "",
        "stepId": "23",
        "title": "bd1_1890",
        "pagenumber": 12,
        "abbyyPages": 0,
        "size": 2**40,
        "sourceDir": "/r/4711/a",
        "targetDir": "/r/b",
        "template": "fast",
    }


async def test_get_jobs_error_with_the_full_message_and_the_cancelled_ones(gateway: Gateway) -> None:
    note = Attribution(by="anna", at=MOMENT, reason="wrong scan")
    gateway.reader.put(job(1, status=Status.ERROR, error=ERROR, finished=MOMENT))
    gateway.reader.put(job(2, status=Status.CANCELLED, cancel=note, finished=MOMENT + timedelta(seconds=1)))

    rows = await listed(gateway, "&jobtype=NOOP&status=ERROR")

    assert [(row["status"], row["errorMessage"]) for row in rows] == [
        ("CANCELLED", "cancelled by anna: wrong scan"),
        ("ERROR", "page 7: not a TIFF"),
    ]


async def test_get_jobs_processing_shows_all_that_are_active_with_their_own_status(gateway: Gateway) -> None:
    gateway.reader.put(job(1, progress=Progress(files_total=40)))
    gateway.reader.put(job(2, status=Status.UPLOAD, priority=9))
    gateway.reader.put(job(3, status=Status.DONE, finished=MOMENT))

    rows = await listed(gateway, "&jobtype=noop&status=PROCESSING")

    assert [(row["status"], row["pagenumber"]) for row in rows] == [("UPLOAD", 0), ("STARTED", 40)]


async def test_get_jobs_without_job_type(gateway: Gateway) -> None:
    gateway.reader.put(job(1, status=Status.ERROR, error=ERROR, finished=MOMENT))
    gateway.reader.put(job(2, "jp2", status=Status.ERROR, error=ERROR, finished=MOMENT))

    assert {row["jobType"] for row in await listed(gateway, "&status=ERROR")} == {"NOOP", "JP2"}


async def test_get_jobs_without_status(gateway: Gateway) -> None:
    gateway.reader.put(job(1))
    gateway.reader.put(job(2, status=Status.DONE, finished=MOMENT))

    assert len(await listed(gateway, "&jobtype=NOOP")) == 2


@pytest.mark.parametrize("status", list(Status))
async def test_get_jobs_by_every_status_of_ours(gateway: Gateway, status: Status) -> None:
    gateway.reader.put(job(1, status=status, finished=MOMENT if status.final else None))

    assert [row["id"] for row in await listed(gateway, f"&status={status}")] == [1]


async def test_get_jobs_gives_the_newest_so_many(gateway: Gateway, settings: GatewaySettings) -> None:
    for number in range(1, 260):
        finished = MOMENT + timedelta(seconds=number)
        gateway.reader.put(job(number, status=Status.DONE, finished=finished))
    limited = settings.model_copy(update={"itm_list_limit": 230})
    other = make_gateway(gateway.reader, gateway.publisher, Scheduler(), limited)
    await other.services.catalogue.run_once()

    rows = await listed(other, "&status=DONE")

    assert [row["id"] for row in rows] == [number_of(job(number).id) for number in range(259, 29, -1)]
    other.services.paths.close()


def test_numbers_of_jobs_fit_javas_int_and_stay() -> None:
    assert number_of("01a20918-3b46-7309-a646-ffffffffffff") == 2**31 - 1
    assert number_of(job(3).id) == number_of(job(3).id) == 3


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("", 422, "action: '' is not known; use one of: getPlugins, getJobs"),
        ("?action=getThroughput", 422, "action: 'getThroughput' is not known"),
        ("?action=getJobs&status=NOPE", 422, "status: 'NOPE' is not a status; use one of: STARTED, "),
        ("?action=getJobs&jobtype=NOPE", 404, "No plugin handles job type 'NOPE'."),
    ],
)
async def test_wrong_questions_are_answered_with_what_may_be_asked(
    gateway: Gateway, query: str, status: int, sentence: str
) -> None:
    answer = await gateway.client.get(f"/itm/api{query}")

    assert (answer.status_code, answer.json()["STATUS"]) == (status, "ERROR")
    assert sentence in answer.json()["ERRORMESSAGE"]


async def test_a_database_that_is_away_is_told(gateway: Gateway) -> None:
    gateway.reader.available = False

    answer = await gateway.client.get("/itm/api?action=getPlugins")

    assert (answer.status_code, answer.json()["STATUS"]) == (503, "ERROR")


async def viewer_job(gateway: Gateway, body: Any, *, kept: bool = True) -> str:
    """Submit as the viewer does; `kept`: the scheduler has stored the job."""
    gateway.reader.install(installed("viewerpdf", parameters={"additionalProperties": False}))
    gateway.reader.install(installed("viewerdownload", parameters={"additionalProperties": False}))
    await gateway.services.catalogue.run_once()
    answer = await gateway.client.post("/itm/service", json=body)
    assert answer.json()["STATUS"] == "OK", answer.text
    submit = gateway.submitted()[-1]
    if kept:
        made = job(len(gateway.submitted()), submit.spec.plugin)
        gateway.reader.put(made.model_copy(update={"id": submit.job, "spec": submit.spec}))
        gateway.services.feed._recent.stored(submit.job)
    return str(answer.json()["JOBID"])


def change(gateway: Gateway, job_id: str, **fields: Any) -> None:
    gateway.reader.put(gateway.reader.stored[job_id].model_copy(update=fields))


async def text(gateway: Gateway, address: str) -> str:
    answer = await gateway.client.get(f"/itm/rest/{address}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")
    return answer.text


@pytest.mark.parametrize("name", ["goobiId", "pi", "JOBID"])
async def test_viewer_info_by_each_identifier(gateway: Gateway, roots: object, name: str) -> None:
    body = new_viewer(str(roots))
    made = await viewer_job(gateway, body)
    change(gateway, made, status=Status.ERROR, error=ERROR)

    found = await read(gateway, f"rest/viewerpdf/info/{made if name == 'JOBID' else body[name]}")

    assert found == {"id": made, "status": "ERROR", "errorMessage": "page 7: not a TIFF"}


async def test_viewer_info_of_a_job_of_the_old_viewer(gateway: Gateway, roots: object) -> None:
    made = await viewer_job(gateway, old_viewer(str(roots), "VIEWERPDF", "123456"))

    assert await read(gateway, "rest/viewerpdf/info/123456") == {"id": made, "status": "STARTED"}


async def test_viewer_info_of_a_job_accepted_a_moment_ago(gateway: Gateway, roots: object) -> None:
    made = await viewer_job(gateway, new_viewer(str(roots)), kept=False)

    assert (await read(gateway, "rest/viewerpdf/info/pdf_5f2a77"))["id"] == made


async def test_viewer_info_of_a_stored_job_goes_before_what_was_accepted(
    gateway: Gateway, roots: object
) -> None:
    made = await viewer_job(gateway, new_viewer(str(roots)), kept=False)
    spec = gateway.submitted()[-1].spec
    gateway.reader.put(job(1, status=Status.DONE).model_copy(update={"id": made, "spec": spec}))

    assert (await read(gateway, "rest/viewerpdf/info/pdf_5f2a77"))["status"] == "DONE"


async def test_viewer_info_by_record_tells_pdf_and_epub_apart(gateway: Gateway, roots: object) -> None:
    pdf = await viewer_job(gateway, new_viewer(str(roots), "pdf"))
    epub = await viewer_job(gateway, new_viewer(str(roots), "epub"))

    assert (await read(gateway, "rest/viewerpdf/info/PPN1"))["id"] == pdf
    assert (await read(gateway, "rest/viewerepub/info/PPN1"))["id"] == epub


async def test_info_by_the_process_id_of_a_job_of_goobi(gateway: Gateway) -> None:
    gateway.reader.put(job(1, goobi=GOOBI))

    assert (await read(gateway, "rest/viewerpdf/info/4711"))["status"] == "STARTED"


async def test_viewer_num_jobs_until(gateway: Gateway, roots: object) -> None:
    made = await viewer_job(gateway, new_viewer(str(roots)))
    for number in (7, 8):
        gateway.reader.put(job(number, "viewerdownload", queued_at=MOMENT - timedelta(hours=number)))
    change(gateway, made, priority=5)

    assert await text(gateway, "viewerpdf/numJobsUntil/pdf_5f2a77") == "2"
    change(gateway, made, status=Status.PROCESSING)
    assert await text(gateway, "viewerepub/numJobsUntil/pdf_5f2a77") == "0"


async def test_viewer_pdf_size(gateway: Gateway, roots: object) -> None:
    made = await viewer_job(gateway, new_viewer(str(roots)))
    change(gateway, made, bytes=99)
    assert await text(gateway, "viewerpdf/pdfSize/pdf_5f2a77") == "0"

    change(gateway, made, status=Status.DONE, bytes=2**33)
    assert await text(gateway, "viewerpdf/pdfSize/pdf_5f2a77") == str(2**33)


async def test_viewer_epub_size(gateway: Gateway, roots: object) -> None:
    made = await viewer_job(gateway, new_viewer(str(roots), "epub"))
    change(gateway, made, status=Status.DONE, bytes=7)

    assert await text(gateway, "viewerepub/epubSize/epub_5f2a77") == "7"


@pytest.mark.parametrize(
    "address",
    [
        "viewerpdf/info/nothing",
        "viewerpdf/info/00000000-0000-4000-8000-000000000099",
        "viewerpdf/numJobsUntil/99999999999999999999999",
        f"viewerpdf/pdfSize/{'x' * 300}",
        "viewerepub/epubSize/a%00b",
        "viewerodt/info/1",
    ],
)
async def test_viewer_of_an_unknown_identifier(gateway: Gateway, address: str) -> None:
    answer = await gateway.client.get(f"/itm/rest/{address}")

    assert answer.status_code == 404
    assert answer.json()["STATUS"] == "ERROR"
    assert answer.json()["ERRORMESSAGE"]
