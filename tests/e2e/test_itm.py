"""Callers of ITM and the whole system; Goobi, gateway and runner each call the share by another name."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.conftest import System, running_system
from tests.unit.gateway.itm import (
    DUPLICATE,
    as_dashboard_job,
    as_dashboard_plugin,
    http_step,
    new_viewer,
    task_client,
)

from taskmanager_testing.waiting import eventually

METADATA = "/opt/digiverso/goobi/metadata"
"""As Goobi calls the share."""
TABLES = """
[job_types]
JP2 = { plugin = "tally" }
VIEWERDOWNLOAD = { plugin = "tally" }

[paths]
"/opt/digiverso/goobi/metadata" = "STORED"
"""


@pytest.fixture(scope="module")
def itm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """What is stored names a folder that is not there; only the runner knows where its files lie."""
    base = Path(tmp_path_factory.mktemp("itm"))
    stored, share = base / "goobi" / "stored", base / "goobi" / "share"
    share.mkdir(parents=True)
    file = base / "goobi.toml"
    file.write_text(TABLES.replace("STORED", str(stored)), encoding="utf-8")
    settings = {"TASKMANAGER_GOOBI": str(file), "TASKMANAGER_PATHS": f"{stored}={share}"}
    with running_system(base, "--plugins", "tally", settings=settings) as system:
        yield system


def call(itm: System, body: Any) -> httpx.Response:
    return itm.client.post("/itm/service", json=body)


def prepare(itm: System, *folders: str) -> Path:
    """The share with these folders, each with two pages."""
    share = itm.roots / "share"
    for folder in folders:
        (share / folder).mkdir(parents=True, exist_ok=True)
        for page in ("1.txt", "2.txt"):
            (share / folder / page).write_text(page, encoding="ascii")
    return share


def ended(itm: System, answer: httpx.Response) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["STATUS"]) == (200, "OK"), answer.text
    return itm.finished(answer.json()["JOBID"])


def listed(itm: System, status: str) -> list[dict[str, Any]]:
    rows = itm.client.get("/itm/api", params={"action": "getJobs", "jobtype": "JP2", "status": status}).json()
    return [as_dashboard_job(row) for row in rows]


def test_goobis_http_step_works_on_the_share_where_the_runner_has_it(itm: System) -> None:
    share = prepare(itm, "4711/images/master")

    job = ended(itm, call(itm, {**http_step(METADATA), "targetDir": f"{METADATA}/4711/out"}))

    assert (job["status"], job["files"]) == ("DONE", 3)
    assert job["source"] == str(itm.roots / "stored/4711/images/master")
    assert sorted(os.listdir(share / "4711/out")) == ["1.txt", "2.txt", "tally.txt"]
    assert not (itm.roots / "stored").exists()


def test_the_17_values_of_the_taskclient_library(itm: System) -> None:
    prepare(itm, "4711/a")

    assert ended(itm, call(itm, task_client(METADATA)))["status"] == "DONE"


def test_the_viewer_starts_a_job_asks_for_it_and_gets_its_size(itm: System) -> None:
    share = prepare(itm, "download")
    (share / "mets").mkdir()
    (share / "mets/PPN1.xml").write_text("<mets/>", encoding="ascii")

    ended(itm, call(itm, new_viewer(METADATA)))

    assert itm.client.get("/itm/rest/viewerpdf/info/pdf_5f2a77").json()["status"] == "DONE"
    size = int(itm.client.get("/itm/rest/viewerpdf/pdfSize/pdf_5f2a77").text)
    assert size == len("<mets/>") + len("1\n")
    assert int(itm.client.get("/itm/rest/viewerpdf/numJobsUntil/pdf_5f2a77").text) == 0


def test_a_folder_that_is_missing_is_what_the_dashboard_shows(itm: System) -> None:
    body = {**http_step(METADATA), "sourceDir": f"{METADATA}/4712/nothing", "goobiId": "4712"}

    assert ended(itm, call(itm, body))["status"] == "ERROR"

    (row,) = listed(itm, "ERROR")
    missing = itm.roots / "share/4712/nothing"
    assert row["goobiId"] == "4712"
    assert row["errorMessage"] == (
        f"the source {missing} does not exist: check the path and whether the share is mounted"
    )


def test_a_step_started_twice_is_one_job_and_the_dashboard_counts_it(itm: System) -> None:
    itm.client.post("/api/v1/plugins/tally/stop").raise_for_status()
    body = {**http_step(METADATA), "stepId": "99"}
    first = call(itm, body).json()["JOBID"]
    eventually(lambda: len(listed(itm, "PROCESSING")) == 1, what="the job is stored")

    second = call(itm, body)

    assert second.json() == {"STATUS": "ERROR", "ERRORMESSAGE": DUPLICATE, "JOBID": first}
    (plugin,) = itm.client.get("/itm/api?action=getPlugins").json()
    assert as_dashboard_plugin(plugin) == ("TALLY", 1, False)
    itm.client.post("/api/v1/plugins/tally/restart").raise_for_status()
    assert itm.finished(first)["status"] == "DONE"
    assert call(itm, body).json()["JOBID"] != first
