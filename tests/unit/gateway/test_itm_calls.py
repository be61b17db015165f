"""Every documented call of ITM's interface, each a test named after it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from tests.unit.gateway.itm import (
    CALLBACK,
    DUPLICATE,
    http_step,
    mixed_ocr,
    new_viewer,
    old_viewer,
    task_client,
    viewer_fails,
)

from taskmanager.model.jobs import GoobiReference, JobSpec
from taskmanager.model.manifest import Need
from taskmanager_gateway.access.settings import AccessMode
from taskmanager_gateway.settings import DuplicateAnswer, GatewaySettings
from taskmanager_testing.publisher import FakePublisher, Published
from taskmanager_testing.reader import FakeReader

from .conftest import Gateway, Scheduler, installed, job, make_gateway

OCR = {
    "type": "object",
    "properties": {
        "fontType": {"type": "string"},
        "language": {"type": "string"},
        "dpi": {"type": "integer"},
    },
    "additionalProperties": False,
}
GOOBI = """
[job_types]
VIEWERPDF = { plugin = "download" }
VIEWEREPUB = { plugin = "download" }
VIEWERDOWNLOAD = { plugin = "download" }
LURAWAVE = { plugin = "jp2", template = "fast" }
GONE = { plugin = "gone" }

[paths]
"/opt/digiverso/metadata" = "ROOT/metadata"
"""


@pytest.fixture
def root(roots: Path) -> str:
    return str(roots)


@pytest.fixture
def settings(roots: Path, tmp_path: Path) -> GatewaySettings:
    file = tmp_path / "goobi.toml"
    file.write_text(GOOBI.replace("ROOT", str(roots)), encoding="utf-8")
    return GatewaySettings(roots=str(roots), goobi=file, access=AccessMode.OFF)


async def gateway_with(settings: GatewaySettings) -> Gateway:
    """A gateway with the plugins of these tests; a submission is stored when the test says so."""
    reader = FakeReader()
    reader.install(installed("jp2", templates=("fast", "lossless"), template_default="fast", parameters={}))
    reader.install(installed("ocr", parameters=OCR))
    reader.install(installed("download", parameters={"properties": {}, "additionalProperties": False}))
    reader.install(installed("check", source=Need.REQUIRED, destination=Need.UNUSED))
    reader.install(installed("closed", accepting=False))

    def spread(message: Published) -> None:
        gateway.services.feed.take(message.body)

    gateway = make_gateway(reader, FakePublisher(spread), Scheduler(), settings)
    await gateway.services.catalogue.run_once()
    return gateway


@pytest.fixture
async def itm(settings: GatewaySettings) -> AsyncIterator[Gateway]:
    gateway = await gateway_with(settings)
    yield gateway
    gateway.services.paths.close()
    await gateway.client.aclose()


async def call(itm: Gateway, body: Any, **headers: str) -> httpx.Response:
    return await itm.client.post("/itm/service", json=body, headers=headers)


async def spec_of(itm: Gateway, body: Any) -> JobSpec:
    """What is published for a call that is accepted."""
    answer = await call(itm, body)
    assert (answer.status_code, answer.json()["STATUS"]) == (200, "OK"), answer.text
    assert answer.headers["Location"] == f"/api/v1/jobs/{answer.json()['JOBID']}"
    (submit,) = itm.submitted()[-1:]
    assert submit.job == answer.json()["JOBID"]
    return submit.spec


def store_submissions(itm: Gateway) -> None:
    """What the scheduler does a moment later."""
    for submit in itm.submitted():
        itm.reader.put(stored(submit.job, submit.spec))
        itm.services.feed._recent.stored(submit.job)


def stored(job_id: str, spec: JobSpec) -> Any:
    return job(1, plugin=spec.plugin).model_copy(update={"id": job_id, "spec": spec})


async def test_mixed_ocr(itm: Gateway, root: str) -> None:
    spec = await spec_of(itm, mixed_ocr(root))

    assert spec.plugin == "ocr"
    assert spec.goobi == GoobiReference(process_id=4711, step_id=23, process_title="bd1_1890")
    assert str(spec.callback_url) == CALLBACK
    assert (spec.title, spec.priority, spec.template) == ("bd1_1890_antiqua", 10, None)
    assert spec.source == f"{root}/4711/images/master"
    assert spec.destination == f"{root}/4711/ocr_partial_77/antiqua"
    assert spec.parameters == {"fontType": "antiqua", "language": "ger,lat"}
    assert spec.extra == {"serverType": "intranda-tesseract", "templatename": "template.xml"}


async def test_the_two_halves_of_mixed_ocr_are_two_jobs(itm: Gateway, root: str) -> None:
    first = await spec_of(itm, mixed_ocr(root))
    store_submissions(itm)
    second = await spec_of(itm, mixed_ocr(root, "fracture"))

    assert first.unique != second.unique


async def test_the_callback_address_may_stand_in_the_title_alone(itm: Gateway, root: str) -> None:
    body = {name: value for name, value in mixed_ocr(root).items() if name != "callbackUrl"}

    assert str((await spec_of(itm, body)).callback_url) == CALLBACK


async def test_viewer_old_pdf_with_17_values(itm: Gateway, root: str) -> None:
    spec = await spec_of(itm, old_viewer(root))

    assert spec.plugin == "download"
    assert spec.goobi is None, "what the viewer calls its records is no step that could be closed"
    assert (spec.source, spec.destination) == (f"{root}/mets/PPN1.xml", f"{root}/pdf")
    assert spec.priority == 10
    assert spec.title == "PPN1_LOG_0003 5f2a_77"
    assert spec.extra == {
        "jobtype": "VIEWERPDF",
        "goobiId": "5f2a_77",
        "logId": "LOG_0003",
        "templatename": f"{root}/repository",
        "serverType": "noServerTypeInTaskClient",
    }
    assert spec.unique == "itm::VIEWERPDF::5f2a_77"


async def test_viewer_old_epub_with_17_values(itm: Gateway, root: str) -> None:
    spec = await spec_of(itm, old_viewer(root, "VIEWEREPUB", "123"))

    assert spec.goobi is None
    assert (spec.extra or {})["goobiId"] == "123"


@pytest.mark.parametrize("kind", ["pdf", "epub"])
async def test_viewer_new_viewerdownload(itm: Gateway, root: str, kind: str) -> None:
    spec = await spec_of(itm, new_viewer(root, kind))

    assert (spec.plugin, spec.goobi, spec.title) == ("download", None, f"{kind}_5f2a77 PPN1")
    assert spec.extra == {
        "jobtype": "VIEWERDOWNLOAD",
        "type": kind,
        "goobiId": f"{kind}_5f2a77",
        "pi": "PPN1",
        "logId": "LOG_0003",
        "language": "en",
    }


async def test_viewer_a_second_call_is_no_failure_for_it(itm: Gateway, root: str) -> None:
    first = await call(itm, new_viewer(root))
    store_submissions(itm)
    second = await call(itm, new_viewer(root))

    assert second.status_code == 200
    assert second.json() == {"STATUS": "ERROR", "ERRORMESSAGE": DUPLICATE, "JOBID": first.json()["JOBID"]}
    assert not viewer_fails(first.json())
    assert not viewer_fails(second.json())
    assert len(itm.submitted()) == 1


async def test_viewer_pdf_and_epub_of_a_record_are_two_jobs(itm: Gateway, root: str) -> None:
    await spec_of(itm, new_viewer(root))
    store_submissions(itm)

    assert (await call(itm, new_viewer(root, "epub"))).json()["STATUS"] == "OK"


async def test_goobi_http_step(itm: Gateway, root: str) -> None:
    spec = await spec_of(itm, http_step(root))

    assert (spec.plugin, spec.template, spec.priority, spec.extra) == ("jp2", "lossless", 5, None)
    assert spec.goobi == GoobiReference(process_id=4711, step_id=23, process_title="bd1_1890")
    assert spec.title == "bd1_1890"


async def test_goobi_http_step_with_numbers_instead_of_texts(itm: Gateway, root: str) -> None:
    body = {**http_step(root), "goobiId": 4711, "stepId": 23.0, "priority": 5}

    spec = await spec_of(itm, body)
    assert spec.goobi == GoobiReference(process_id=4711, step_id=23, process_title="bd1_1890")


async def test_goobi_http_step_refused_is_a_status_and_a_sentence_for_the_journal(
    itm: Gateway, root: str
) -> None:
    answer = await call(itm, {**http_step(root), "jobtype": "JPX"})

    assert answer.status_code == 404
    assert answer.json()["STATUS"] == "ERROR"
    assert answer.json()["ERRORMESSAGE"] == (
        "No plugin handles job type 'JPX'. Known job types: CHECK, CLOSED, DOWNLOAD, GONE, JP2, LURAWAVE, "
        "OCR, VIEWERDOWNLOAD, VIEWEREPUB, VIEWERPDF."
    )


async def test_goobi_http_step_started_twice_stays_in_work(itm: Gateway, root: str) -> None:
    await call(itm, http_step(root))
    store_submissions(itm)

    assert (await call(itm, http_step(root))).status_code == 200
    assert len(itm.submitted()) == 1


async def test_taskclient_with_17_values(itm: Gateway, root: str) -> None:
    spec = await spec_of(itm, task_client(root))

    assert (spec.plugin, spec.template, spec.priority) == ("jp2", "lossless.xml", 5)
    assert spec.goobi == GoobiReference(process_id=4711, step_id=23, process_title="bd1_1890")
    assert spec.parameters == {"language": "ger"}, "a plugin that takes anything gets it"


async def test_taskclient_with_our_own_fields(itm: Gateway, root: str) -> None:
    body = {**mixed_ocr(root), "unique": "goobi/default/step/23/OCR", "parameters": {"dpi": "300"}}

    spec = await spec_of(itm, body)
    assert spec.unique == "goobi/default/step/23/OCR"
    assert spec.parameters == {"fontType": "antiqua", "language": "ger,lat", "dpi": 300}


async def test_taskclient_old_ocr_call_without_job_type_and_process(itm: Gateway, root: str) -> None:
    body = {
        "sourceDir": f"{root}/4711/tif",
        "targetDir": f"{root}/4711/ocr",
        "postOCR": "23",
        "language": "ger",
    }

    spec = await spec_of(itm, body)
    assert spec.plugin == "ocr"
    assert spec.goobi == GoobiReference(process_id=4711, step_id=23)


async def test_a_form(itm: Gateway, root: str) -> None:
    form = {**http_step(root), "parameters": '{"rate": 1}'}

    answer = await itm.client.post(
        "/itm/service",
        content=urlencode(form),
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    )

    assert answer.status_code == 200
    (submit,) = itm.submitted()
    assert submit.spec.goobi == GoobiReference(process_id=4711, step_id=23, process_title="bd1_1890")
    assert submit.spec.parameters == {"rate": 1}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
async def test_json_in_the_encodings_java_callers_use(itm: Gateway, root: str, encoding: str) -> None:
    body = json.dumps({**http_step(root), "goobiTitle": "Bände_1890"}, ensure_ascii=False).encode(encoding)

    answer = await itm.client.post("/itm/service", content=body, headers={"Content-Type": "text/plain"})

    assert answer.json()["STATUS"] == "OK"
    assert itm.submitted()[0].spec.title == "Bände_1890"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
async def test_a_form_in_the_encodings_java_callers_use(itm: Gateway, root: str, encoding: str) -> None:
    form = urlencode({**http_step(root), "goobiTitle": "Bände 1890"}, encoding=encoding)

    answer = await itm.client.post(
        "/itm/service", content=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )

    assert answer.json()["STATUS"] == "OK"
    assert itm.submitted()[0].spec.title == "Bände 1890"


async def test_load_balancer_health_check(itm: Gateway) -> None:
    answer = await itm.client.get("/itm/service")

    assert (answer.status_code, answer.json()) == (200, {"STATUS": "OK"})


async def test_load_balancer_health_check_by_head(itm: Gateway) -> None:
    assert (await itm.client.head("/itm/service")).status_code == 200


async def test_load_balancer_health_check_of_a_gateway_that_is_not_ready(itm: Gateway) -> None:
    itm.services.catalogue._plugins = None

    answer = await itm.client.get("/itm/service")

    assert answer.status_code == 503
    assert answer.json()["STATUS"] == "ERROR"
    assert "plugins: the list of plugins was never read" in answer.json()["ERRORMESSAGE"]


@pytest.mark.parametrize("address", ["/itm", "/itm/"])
async def test_link_in_goobis_menu_leads_a_browser_to_the_pages(itm: Gateway, address: str) -> None:
    answer = await itm.client.get(address)

    assert answer.status_code == 307
    assert (await itm.client.get(answer.headers["Location"])).status_code == 200


async def test_an_idempotency_key_makes_a_repeat_the_same_job(itm: Gateway, root: str) -> None:
    answers = [await call(itm, http_step(root), **{"Idempotency-Key": "k"}) for _ in range(2)]

    assert [answer.json()["STATUS"] for answer in answers] == ["OK", "OK"]
    assert len({answer.json()["JOBID"] for answer in answers}) == 1
    assert len(itm.submitted()) == 1


@pytest.mark.parametrize(
    ("choice", "status", "word"),
    [
        (DuplicateAnswer.HISTORIC, 200, "ERROR"),
        (DuplicateAnswer.OK, 200, "OK"),
        (DuplicateAnswer.CONFLICT, 409, "ERROR"),
    ],
)
async def test_how_a_duplicate_is_answered_is_a_setting(
    settings: GatewaySettings, root: str, choice: DuplicateAnswer, status: int, word: str
) -> None:
    itm = await gateway_with(settings.model_copy(update={"itm_duplicate": choice}))
    await call(itm, http_step(root))
    store_submissions(itm)

    answer = await call(itm, http_step(root))

    assert (answer.status_code, answer.json()["STATUS"]) == (status, word)
    assert answer.json()["ERRORMESSAGE"] == DUPLICATE
    itm.services.paths.close()


async def test_derived_keys_can_be_switched_off(settings: GatewaySettings, root: str) -> None:
    itm = await gateway_with(settings.model_copy(update={"itm_unique": False}))

    assert (await spec_of(itm, http_step(root))).unique is None
    itm.services.paths.close()


async def test_a_target_that_is_the_source_is_refused_in_the_callers_words(itm: Gateway, root: str) -> None:
    body = http_step(root)

    answer = await itm.client.post("/itm/service", json={**body, "targetDir": body["sourceDir"]})

    assert answer.status_code == 422
    assert "targetDir: the destination is the source: name another folder" in answer.json()["ERRORMESSAGE"]


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        (
            {"goobiId": "abc"},
            422,
            "goobiId: 'abc' is not a process id; without it the step could not be closed",
        ),
        ({"stepId": "x"}, 422, "stepId: 'x' is not a step id: a number is expected"),
        ({"stepId": {"id": 1}}, 422, 'stepId: a text or a number is expected, got {"id":1}'),
        ({"priority": "high"}, 422, "priority: 'high' is not a number from 0 to 10"),
        ({"sourceDir": ""}, 422, "sourceDir: plugin jp2 needs the absolute path of a source"),
        ({"sourceDir": "relative"}, 422, "sourceDir: path 'relative' is not absolute"),
        ({"sourceDir": "/opt/../etc"}, 422, "sourceDir: path '/opt/../etc' contains '..'"),
        ({"targetDir": "/etc"}, 422, "targetDir: path '/etc' leads outside the folders jobs may use ("),
        (
            {"templatename": "nope.xml"},
            404,
            "Plugin jp2 has no template 'nope.xml'. Use one of: fast, lossless.",
        ),
        ({"jobtype": "GONE"}, 404, "Job type 'GONE' is for plugin 'gone', which is not installed."),
        ({"jobtype": "CLOSED"}, 409, "An operator closed plugin closed for new jobs."),
        ({"callbackUrl": "no address"}, 422, "callbackUrl: "),
        ({"installation": "No Name"}, 422, "installation: lower case letters, digits and hyphens only"),
        ({"parameters": [1]}, 422, "parameters: an object is expected"),
        ({"jobtype": "OCR", "parameters": {"nope": 1}}, 422, "parameters: Additional properties are not"),
    ],
)
async def test_what_is_wrong_is_told_in_the_callers_words(
    itm: Gateway, root: str, change: dict[str, Any], status: int, sentence: str
) -> None:
    body = {**http_step(root), **change}
    if change.get("goobiId") == "abc":
        body |= {"sourceDir": f"{root}/a", "targetDir": f"{root}/b"}

    answer = await call(itm, body)

    assert answer.status_code == status
    assert answer.json()["STATUS"] == "ERROR"
    assert sentence in answer.json()["ERRORMESSAGE"]
    assert "\n" not in answer.json()["ERRORMESSAGE"]
    assert itm.submitted() == []


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{", "application/json", 422),
        (b"\xff", "application/json", 422),
        (b"17", "application/json", 422),
        (b'["a", "b"]', "application/json", 422),
        (b"", "application/x-www-form-urlencoded", 422),
        (b"parameters={", "application/x-www-form-urlencoded", 422),
        (b"<a/>", "text/xml", 415),
    ],
)
async def test_what_is_no_call_is_refused(itm: Gateway, body: bytes, media_type: str, status: int) -> None:
    answer = await itm.client.post("/itm/service", content=body, headers={"Content-Type": media_type})

    assert answer.status_code == status
    assert answer.json()["STATUS"] == "ERROR"
    assert answer.json()["ERRORMESSAGE"]


async def test_a_broker_that_is_away_is_told_and_when_to_come_back(itm: Gateway, root: str) -> None:
    itm.publisher.available = False

    answer = await call(itm, http_step(root))

    assert (answer.status_code, answer.json()["STATUS"]) == (503, "ERROR")
    assert answer.headers["Retry-After"] == "2"
    assert answer.json()["JOBID"]


@pytest.mark.parametrize(("sent", "used"), [("-3", 0), ("99", 10), ("", 5), (None, 5), (7.0, 7)])
async def test_priorities_are_clamped(itm: Gateway, root: str, sent: Any, used: int) -> None:
    assert (await spec_of(itm, {**http_step(root), "priority": sent})).priority == used


@pytest.mark.parametrize("dummy", ["none", "template", "template.xml", "", None])
async def test_dummies_mean_the_template_of_the_settings_or_of_the_plugin(
    itm: Gateway, root: str, dummy: str | None
) -> None:
    assert (await spec_of(itm, {**http_step(root), "templatename": dummy})).template is None
    lurawave = {**http_step(root), "templatename": dummy, "jobtype": "lurawave", "stepId": "24"}
    assert (await spec_of(itm, lurawave)).template == "fast"


async def test_a_plugin_without_use_for_a_destination_or_template_takes_calls_that_send_them(
    itm: Gateway, root: str
) -> None:
    spec = await spec_of(itm, {**http_step(root), "jobtype": "CHECK", "targetDir": "record-1"})

    assert (spec.destination, spec.template) == (None, None)
    assert spec.extra == {"templatename": "lossless", "targetDir": "record-1"}


async def test_goobis_paths_are_stored_as_the_runners_see_them(itm: Gateway, root: str) -> None:
    body = {**http_step(root), "sourceDir": "/opt/digiverso/metadata/4711/images/", "targetDir": f"{root}/x"}

    spec = await spec_of(itm, body)

    assert (spec.source, spec.destination) == (f"{root}/metadata/4711/images", f"{root}/x")


async def test_goobis_paths_are_mapped_for_the_api_too(itm: Gateway, root: str) -> None:
    body = {"plugin": "jp2", "source": "/opt/digiverso/metadata/1", "destination": f"{root}/x"}

    answer = await itm.client.post("/api/v1/jobs", json=body)

    assert answer.status_code == 202
    assert answer.json()["source"] == f"{root}/metadata/1"


async def test_a_path_that_is_not_mapped_is_refused_with_the_roots(itm: Gateway, root: str) -> None:
    answer = await call(itm, {**http_step(root), "sourceDir": "/opt/digiverso/other/4711"})

    assert answer.json()["ERRORMESSAGE"] == (
        "A path cannot be used: sourceDir: path '/opt/digiverso/other/4711' leads outside the folders jobs "
        f"may use ({root}); mapped to here are /opt/digiverso/metadata"
    )


async def test_a_chain_of_jobs_for_one_step(itm: Gateway, root: str) -> None:
    step = {"goobiId": "17", "stepId": "42", "goobiTitle": "b", "priority": 7}
    folders = {"sourceDir": f"{root}/a", "targetDir": f"{root}/b"}
    after = [{"jobtype": "OCR", **folders}, {"jobtype": "CHECK", "sourceDir": f"{root}/b", "priority": 1}]
    body = {"jobtype": "JP2", **folders, **step, "after": after}

    first = (await call(itm, body)).json()
    submits = itm.submitted()

    assert [submit.spec.plugin for submit in submits] == ["jp2", "ocr", "check"]
    assert [submit.spec.priority for submit in submits] == [7, 7, 1]
    assert {submit.spec.goobi.step_id for submit in submits if submit.spec.goobi} == {42}
    assert [submit.spec.unique is None for submit in submits] == [True, True, False]
    store_submissions(itm)
    again = (await call(itm, body)).json()
    assert "Job already in DB" in again["ERRORMESSAGE"]
    assert (first["JOBID"], again["JOBID"]) == (submits[0].job, submits[2].job)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ([{"jobtype": "NOPE"}], "Job 2 of the chain: "),
        ([{"jobtype": "JP2", "priority": "high"}], "after.0.priority: 'high'"),
        ([], "1 to 19 jobs"),
        ([{"jobtype": "JP2", "callbackUrl": "http://goobi/x"}, {"jobtype": "JP2"}], "only the last job"),
    ],
)
async def test_what_is_wrong_in_a_chain_is_told(itm: Gateway, after: list[Any], told: str) -> None:
    answer = await call(itm, {"jobtype": "JP2", "goobiId": "17", "stepId": "42", "after": after})
    assert answer.json()["STATUS"] == "ERROR"
    assert told in answer.json()["ERRORMESSAGE"]
    assert not itm.submitted()
