"""ITM's calls over real HTTP, RabbitMQ and MongoDB: what is taken, what dashboard and viewer read of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.itm import (
    DUPLICATE,
    as_dashboard_job,
    as_dashboard_plugin,
    http_step,
    mixed_ocr,
    new_viewer,
    old_viewer,
    task_client,
)

from taskmanager.model.jobs import Job, JobError, JobSpec
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.registry import InstalledPlugin
from taskmanager.model.states import Status
from taskmanager.ports.store import Plan
from taskmanager_testing.waiting import LONG_SECONDS

from .conftest import RunningGateway, StartGateway, store

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GOOBI = """
[job_types]
VIEWERPDF = { plugin = "download" }
VIEWERDOWNLOAD = { plugin = "download" }

[paths]
"/opt/digiverso/goobi/metadata" = "ROOT"
"""
CALLS: dict[str, Callable[[str], Any]] = {
    "mixed-ocr antiqua": mixed_ocr,
    "mixed-ocr fracture": lambda root: mixed_ocr(root, "fracture"),
    "old viewer": old_viewer,
    "TaskClient library": task_client,
    "new viewer, pdf": new_viewer,
    "new viewer, epub": lambda root: new_viewer(root, "epub"),
    "Goobi's HTTP step": lambda root: {**http_step(root), "stepId": "24"},
}
METADATA = "/opt/digiverso/goobi/metadata"


def plugin(name: str, number: int, **fields: Any) -> InstalledPlugin:
    made = PluginManifest(name=name, title=name, job_type=name.upper(), **fields)
    return InstalledPlugin(manifest=made, installed_at=NOW, rev=number)


@pytest.fixture
def itm(start_gateway: StartGateway, mongodb_url: str, roots: Path, tmp_path: Path) -> RunningGateway:
    """A gateway with the plugins callers of ITM ask for, and with Goobi's paths mapped."""
    jp2 = plugin("jp2", 1, templates=("lossless",), template_default="lossless")
    store(mongodb_url, Plan(plugins=(jp2, plugin("ocr", 1), plugin("download", 1))))
    file = tmp_path / "goobi.toml"
    file.write_text(GOOBI.replace("ROOT", str(roots)), encoding="utf-8")
    return start_gateway(TASKMANAGER_GOOBI=str(file))


def job_of(itm: RunningGateway, job_id: str) -> Job:
    """The accepted job as the scheduler stores it."""
    shown = itm.client.get(f"/api/v1/jobs/{job_id}").json()
    spec = JobSpec.model_validate({name: shown[name] for name in JobSpec.model_fields})
    made = Job(
        id=job_id,
        spec=spec,
        client="anonymous",
        status=Status.STARTED,
        priority=5,
        created=NOW,
        queued_at=NOW,
    )
    return made.model_copy(update={"rev": 1})


def test_every_call_becomes_a_job_of_the_api_with_mapped_paths(itm: RunningGateway, roots: Path) -> None:
    ready = itm.client.get("/itm/service")  # as load balancers ask
    assert (ready.status_code, ready.json()) == (200, {"STATUS": "OK"})

    for name, call in CALLS.items():
        answer = itm.client.post("/itm/service", json=call(METADATA))

        assert (answer.status_code, answer.json()["STATUS"]) == (200, "OK"), f"{name}: {answer.text}"
        shown = itm.client.get(answer.headers["Location"]).json()
        assert shown["id"] == answer.json()["JOBID"], name
        assert Path(shown["source"]).is_relative_to(roots), name
        assert Path(shown["destination"]).is_relative_to(roots), name


def test_dashboard_and_viewer_read_what_is_stored(itm: RunningGateway, mongodb_url: str, roots: Path) -> None:
    ids = {
        name: itm.client.post("/itm/service", json=make(METADATA)).json()["JOBID"]
        for name, make in CALLS.items()
    }
    assert len(set(ids.values())) == len(CALLS)
    jobs = {name: job_of(itm, job_id) for name, job_id in ids.items()}
    ended = {"finished": NOW, "files": 3, "bytes": 2**40}
    jobs["old viewer"] = jobs["old viewer"].model_copy(update={"status": Status.DONE, **ended})
    failed = JobError(message="page 7: not a TIFF", kind="JobFailedError")
    step = jobs["Goobi's HTTP step"]
    jobs["Goobi's HTTP step"] = step.model_copy(update={"status": Status.ERROR, "error": failed, **ended})
    store(mongodb_url, Plan(jobs=tuple((None, job) for job in jobs.values())))

    def rows(query: str) -> list[dict[str, Any]]:
        return [as_dashboard_job(row) for row in itm.client.get(f"/itm/api?action=getJobs{query}").json()]

    def rest(address: str) -> Any:
        return itm.client.get(f"/itm/rest/{address}").json()

    plugins = [as_dashboard_plugin(row) for row in itm.client.get("/itm/api?action=getPlugins").json()]
    assert [name for name, _, _ in plugins] == ["DOWNLOAD", "JP2", "NOOP", "OCR"]
    assert len(rows("&jobtype=OCR&status=PROCESSING")) == 2
    assert [row["size"] for row in rows("&jobtype=VIEWERPDF&status=DONE")] == [2**40]
    assert [(row["goobiId"], row["errorMessage"]) for row in rows("&status=ERROR")] == [
        ("4711", "page 7: not a TIFF")
    ]
    assert rest("viewerpdf/info/pdf_5f2a77") == {"id": ids["new viewer, pdf"], "status": "STARTED"}
    assert rest("viewerepub/info/PPN1")["id"] == ids["new viewer, epub"]
    assert rest("viewerpdf/pdfSize/5f2a_77") == 2**40
    assert rest("viewerpdf/numJobsUntil/pdf_5f2a77") in {0, 1}


def test_a_second_call_names_the_job_that_is_active(itm: RunningGateway, mongodb_url: str) -> None:
    first = itm.client.post("/itm/service", json=http_step(METADATA)).json()["JOBID"]
    store(mongodb_url, Plan(jobs=((None, job_of(itm, first)),)))

    second = itm.client.post("/itm/service", json=http_step(METADATA))

    assert (second.status_code, second.json()["ERRORMESSAGE"]) == (200, DUPLICATE)
    assert second.json()["JOBID"] == first


def test_a_wrong_table_ends_the_gateway_with_one_line(
    start_gateway: StartGateway, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "goobi.toml"
    file.write_text('[paths]\n"opt" = "/mnt"\n', encoding="utf-8")
    running = start_gateway(ready=False, TASKMANAGER_GOOBI=str(file))

    assert running.process.wait(LONG_SECONDS) == 1
    assert capfd.readouterr().err.endswith(
        f"taskmanager-gateway: {file}: paths: path 'opt' is not absolute: give the full path\n"
    )
