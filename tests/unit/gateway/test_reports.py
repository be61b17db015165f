"""Messages to Goobi, reports and installations over HTTP."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.goobi.reports import NOW, report

from taskmanager.messages import Command, ReplayReports, SendMessage
from taskmanager.model.log_types import LogType
from taskmanager.model.reports import InstallationHealth, OperatorMessage, Report, ReportKind, ReportState
from taskmanager_gateway.access.settings import AccessMode
from taskmanager_gateway.settings import GatewaySettings

from .conftest import Gateway, job

SECRET = "s3cret-of-goobi"


@pytest.fixture
def settings(roots: Path, tmp_path: Path) -> GatewaySettings:
    token = tmp_path / "token"
    token.write_text(SECRET)
    file = tmp_path / "goobi.toml"
    file.write_text(
        f"""
default = "main"
callback_hosts = ["ocr.example.org"]
[installations.main]
dialect = "webapi"
url = "https://goobi.example.org/goobi"
token_file = "{token}"
[installations.old]
dialect = "rest"
url = "http://10.0.0.7/goobi"
"""
    )
    return GatewaySettings(roots=str(roots), goobi=file, access=AccessMode.OFF)


def put(gateway: Gateway, *reports: Report) -> None:
    gateway.reader.known_reports |= {one.id: one for one in reports}


def from_goobi(gateway: Gateway) -> str:
    made = job(1, goobi={"process_id": 1, "step_id": 11})
    gateway.reader.put(made)
    return made.id


async def test_a_message_reaches_the_scheduler_and_is_shown_with_its_state(gateway: Gateway) -> None:
    name = from_goobi(gateway)
    message = OperatorMessage(type=LogType.WARN, text="Page 7 is missing")

    def obey(command: Command) -> None:
        put(gateway, report(1, ReportKind.MESSAGE, id=command.id, job=name, message=message))

    gateway.scheduler.obey = obey
    body = {"type": "warn", "text": "Page 7 is missing"}
    headers = {"Taskmanager-Actor": "anna"}
    answer = await gateway.client.post(f"/api/v1/jobs/{name}/messages", json=body, headers=headers)

    assert (answer.status_code, answer.json()["outcome"]) == (200, "done")
    shown = answer.json()["report"]
    assert (shown["type"], shown["text"], shown["state"]) == ("warn", "Page 7 is missing", "pending")
    (command,) = gateway.scheduler.commands
    assert (command.actor, command.order) == ("anna", SendMessage(job=name, message=message))
    listed = (await gateway.client.get(f"/api/v1/jobs/{name}/reports")).json()["reports"]
    assert listed == [shown]


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": "x", "type": "warning"}, {"text": "a\x07"}, {"text": "x" * 4001}]
)
async def test_a_message_of_an_unknown_type_or_without_text_is_refused(
    gateway: Gateway, body: dict[str, Any]
) -> None:
    answer = await gateway.client.post(f"/api/v1/jobs/{from_goobi(gateway)}/messages", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:taskmanager:problem:invalid-request")
    assert gateway.scheduler.commands == []


async def test_a_message_of_a_job_that_is_not_goobis_is_refused_by_the_scheduler(gateway: Gateway) -> None:
    gateway.scheduler.outcome, gateway.scheduler.detail = "refused", "the job does not come from Goobi"
    answer = await gateway.client.post("/api/v1/jobs/x/messages", json={"text": "hello"})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "Cannot send it: the job does not come from Goobi."


async def test_reports_are_listed_by_state_and_installation_page_by_page(gateway: Gateway) -> None:
    goobi = {"process_id": 1, "installation": "old"}
    lost: dict[str, Any] = {"state": ReportState.GIVEN_UP, "next_try": None, "last_answer": "500"}
    put(gateway, report(1), report(2, goobi=goobi, **lost), *(report(n, **lost) for n in (3, 4)))

    async def seqs(query: str) -> list[int]:
        answer = await gateway.client.get(f"/api/v1/reports?{query}")
        assert answer.status_code == 200
        return [one["seq"] for one in answer.json()["reports"]]

    assert await seqs("state=undelivered") == await seqs("state=given_up") == [4, 3, 2]
    assert await seqs("state=pending") == [1]
    assert await seqs("installation=old") == [2]
    assert await seqs("installation=main&state=undelivered") == [4, 3]
    first = (await gateway.client.get("/api/v1/reports?limit=3")).json()
    rest = (await gateway.client.get(first["links"]["next"])).json()
    assert [one["seq"] for one in first["reports"] + rest["reports"]] == [4, 3, 2, 1]
    wrong = await gateway.client.get("/api/v1/reports?cursor=x")
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:taskmanager:problem:invalid-cursor")


async def test_an_undelivered_report_is_replayed_and_a_delivered_one_is_not(gateway: Gateway) -> None:
    put(gateway, report(1, state=ReportState.GIVEN_UP), report(2, state=ReportState.DELIVERED))

    done = await gateway.client.post("/api/v1/reports/job-1:00000001/replay", json={"reason": "repaired"})
    refused = await gateway.client.post("/api/v1/reports/job-1:00000002/replay")
    unknown = await gateway.client.post("/api/v1/reports/nobody/replay")

    assert [one.status_code for one in (done, refused, unknown)] == [200, 409, 404]
    assert [one.order for one in gateway.scheduler.commands] == [ReplayReports(report="job-1:00000001")]


async def test_the_undelivered_reports_of_an_installation_are_replayed_at_once(gateway: Gateway) -> None:
    for name in ("main", "old"):
        answer = await gateway.client.post("/api/v1/reports/replay", json={"installation": name})
        assert (answer.status_code, answer.json()["outcome"]) == (200, "done")
    assert [one.order for one in gateway.scheduler.commands] == [
        ReplayReports(installations=("main", None)),
        ReplayReports(installations=("old",)),
    ]


async def test_installations_are_shown_with_their_backlog_and_without_secrets(gateway: Gateway) -> None:
    put(gateway, report(1), report(2), report(3, state=ReportState.GIVEN_UP, next_try=None))
    health = InstallationHealth(name="main", last_failure=NOW, last_answer="500: no")
    gateway.reader.known_health.append(health)

    answer = await gateway.client.get("/api/v1/goobi")

    main, old = answer.json()["installations"]
    assert {name: main[name] for name in ("name", "default", "dialect", "url", "pending", "undelivered")} == {
        "name": "main",
        "default": True,
        "dialect": "webapi",
        "url": "https://goobi.example.org/goobi",
        "pending": 2,
        "undelivered": 1,
    }
    assert main["oldest_age_seconds"] > timedelta(days=1).total_seconds()
    assert (main["last_answer"], main["last_success"]) == ("500: no", None)
    assert (old["name"], old["default"], old["pending"]) == ("old", False, 0)
    assert SECRET not in answer.text


async def test_a_job_of_an_unknown_installation_is_refused(gateway: Gateway) -> None:
    answer = await gateway.submit(goobi={"process_id": 1, "installation": "new"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error == {
        "field": "goobi.installation",
        "message": "no Goobi installation is called 'new' (known: main, old)",
        "code": "goobi.installation_not_configured",
        "parameters": {"name": "'new'", "known": "main, old"},
    }
    assert (await gateway.submit(goobi={"process_id": 1, "installation": "old"})).status_code == 202


async def test_a_callback_to_a_host_nobody_named_is_refused(gateway: Gateway) -> None:
    refused = await gateway.submit(callback_url="http://169.254.169.254/latest")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "callback_url"
    for url in ("https://goobi.example.org/goobi/api/plugins/ocr/1/done", "http://ocr.example.org:81/x"):
        assert (await gateway.submit(callback_url=url)).status_code == 202
