"""The OpenAPI document and the page made of it."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi import FastAPI

from taskmanager.model.access import everybody
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Attribution, JobSpec
from taskmanager.model.operations import JobFilter, Operation
from taskmanager_gateway.access.auth_context import AuthContext
from taskmanager_gateway.app import make_api
from taskmanager_gateway.commands import service
from taskmanager_gateway.http.command_bodies import PriorityBody, ReasonBody
from taskmanager_gateway.http.examples import (
    BATCH,
    CANCEL_MANY,
    DRAIN,
    JOB,
    LIMIT,
    MESSAGE,
    OPERATION,
    PRIORITY,
    REASON,
    REPLAY,
    SCALE,
    SPECIFICATION,
    STOP,
)
from taskmanager_gateway.http.problems import KINDS
from taskmanager_gateway.jobs.views import JobView
from taskmanager_gateway.operations.bodies import OperationBody
from taskmanager_gateway.operations.views import OperationView
from taskmanager_gateway.plugins.bodies import LimitBody, ScaleBody, StopBody
from taskmanager_gateway.reports.bodies import MessageBody, ReplayBody
from taskmanager_gateway.runners.bodies import DrainBody
from taskmanager_gateway.submissions.bodies import BatchParser
from taskmanager_gateway.submissions.idempotency import Submission

from .conftest import Gateway

ADDRESSES = {
    "/api/v1/me": {"get"},
    "/api/v1/account/sessions": {"get"},
    "/api/v1/account/sessions/{session}": {"delete"},
    "/api/v1/users": {"get", "post"},
    "/api/v1/users/{name}": {"get", "patch", "delete"},
    "/api/v1/users/{name}/password": {"put"},
    "/api/v1/users/{name}/second-factor": {"delete"},
    "/api/v1/users/{name}/sessions": {"get"},
    "/api/v1/users/{name}/sessions/{session}": {"delete"},
    "/api/v1/users/{name}/log-out": {"post"},
    "/api/v1/tokens": {"get", "post"},
    "/api/v1/tokens/{token}": {"get", "delete"},
    "/api/v1/jobs": {"get", "post"},
    "/api/v1/jobs/batch": {"post"},
    "/api/v1/jobs/{job_id}": {"get"},
    "/api/v1/jobs/{job_id}/history": {"get"},
    "/api/v1/jobs/{job_id}/files": {"get"},
    "/api/v1/figures": {"get"},
    "/api/v1/figures.csv": {"get"},
    "/api/v1/jobs.csv": {"get"},
    "/api/v1/jobs/{job_id}/landing": {"get"},
    "/api/v1/jobs/{job_id}/chain": {"get"},
    "/api/v1/plugins/{name}/figures": {"get"},
    "/api/v1/jobs/{job_id}/log": {"get"},
    "/api/v1/jobs/{job_id}/cancel": {"post"},
    "/api/v1/jobs/{job_id}/hold": {"post"},
    "/api/v1/jobs/{job_id}/release": {"post"},
    "/api/v1/jobs/{job_id}/retry": {"post"},
    "/api/v1/jobs/{job_id}/next": {"post"},
    "/api/v1/jobs/{job_id}/priority": {"put"},
    "/api/v1/plugins": {"get"},
    "/api/v1/plugins/{name}": {"get"},
    "/api/v1/plugins/{name}/stop": {"post"},
    "/api/v1/plugins/{name}/restart": {"post"},
    "/api/v1/plugins/{name}/refuse": {"post"},
    "/api/v1/plugins/{name}/accept": {"post"},
    "/api/v1/plugins/{name}/limit": {"put"},
    "/api/v1/plugins/{name}/replicas": {"get"},
    "/api/v1/plugins/{name}/replicas/{place}": {"put", "delete"},
    "/api/v1/plugins/{name}/replicas/{place}/restart": {"post"},
    "/api/v1/plugins/{name}/cancel-jobs": {"post"},
    "/api/v1/notification-channels": {"get"},
    "/api/v1/notification-rules": {"get"},
    "/api/v1/notification-rules/{rule}": {"get", "put", "delete"},
    "/api/v1/notification-rules/{rule}/deliveries": {"get"},
    "/api/v1/notification-rules/{rule}/test": {"post"},
    "/api/v1/processes/{process_id}": {"get"},
    "/api/v1/jobs/{job_id}/notes": {"get", "post"},
    "/api/v1/plugins/{name}/notes": {"get", "post"},
    "/api/v1/processes/{process_id}/notes": {"get", "post"},
    "/api/v1/notes/{note}": {"delete"},
    "/api/v1/operations": {"get", "post"},
    "/api/v1/operations/{operation}": {"get"},
    "/api/v1/operations/{operation}/failures": {"get"},
    "/api/v1/operations/{operation}/stop": {"post"},
    "/api/v1/runners": {"get"},
    "/api/v1/runners/{runner}": {"get", "delete"},
    "/api/v1/runners/{runner}/drain": {"post"},
    "/api/v1/runners/{runner}/resume": {"post"},
    "/api/v1/jobs/{job_id}/messages": {"post"},
    "/api/v1/jobs/{job_id}/reports": {"get"},
    "/api/v1/reports": {"get"},
    "/api/v1/reports/replay": {"post"},
    "/api/v1/reports/{report}": {"get"},
    "/api/v1/reports/{report}/replay": {"post"},
    "/api/v1/goobi": {"get"},
    "/api/v1/presets": {"get"},
    "/api/v1/presets/{name}": {"get", "put", "delete"},
    "/api/v1/presets/{name}/rename": {"post"},
    "/api/v1/dead-letters": {"get"},
    "/api/v1/dead-letters/{letter}": {"get"},
    "/api/v1/dead-letters/{letter}/drop": {"post"},
    "/api/v1/dead-letters/{letter}/requeue": {"post"},
    "/api/v1/audit": {"get"},
    "/api/v1/events": {"get"},
    "/itm/service": {"get", "post"},
    "/itm/api": {"get"},
    "/itm/rest/{viewer}/info/{identifier}": {"get"},
    "/itm/rest/{viewer}/numJobsUntil/{identifier}": {"get"},
    "/itm/rest/viewerpdf/pdfSize/{identifier}": {"get"},
    "/itm/rest/viewerepub/epubSize/{identifier}": {"get"},
}


@pytest.fixture
def document(gateway: Gateway) -> dict[str, Any]:
    api: FastAPI = make_api(gateway.services)
    return api.openapi()


def test_every_address_is_documented_with_a_tag_and_its_errors(document: dict[str, Any]) -> None:
    assert {path: set(methods) for path, methods in document["paths"].items()} == ADDRESSES
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["tags"]
            assert operation["summary"]
            errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
            assert errors
            kind = "application/json" if operation["tags"] == ["ITM"] else "application/problem+json"
            assert all(list(answer["content"]) == [kind] for answer in errors.values())


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    schemas = document["components"]["schemas"]
    missing = {name for name in references(document) if name.rpartition("/")[2] not in schemas}
    assert missing == set()


def test_the_examples_are_what_they_are_examples_of(document: dict[str, Any]) -> None:
    assert JobSpec.model_validate(SPECIFICATION, strict=True)
    assert JobView.model_validate(JOB)
    assert OperationView.model_validate(OPERATION)
    for model, example in (
        (ReasonBody, REASON),
        (PriorityBody, PRIORITY),
        (StopBody, STOP),
        (LimitBody, LIMIT),
        (ScaleBody, SCALE),
        (DrainBody, DRAIN),
        (OperationBody, CANCEL_MANY),
        (MessageBody, MESSAGE),
        (ReplayBody, REPLAY),
    ):
        assert model.model_validate_json(json.dumps(example), strict=True)
    submissions = BatchParser(9).parse(json.dumps(BATCH).encode(), AuthContext(everybody(), "anonymous"))
    assert all(isinstance(item, Submission) for item in submissions)


async def test_answers_have_the_documented_form(
    gateway: Gateway, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "RESULT_TIME", timedelta(0))
    schemas = {"components": document["components"]}

    def check(name: str, instance: Any) -> None:
        jsonschema.validate(instance, {**schemas, "$ref": f"#/components/schemas/{name}"})

    batch = {"jobs": [{"plugin": "x"}, {"plugin": "noop"}]}
    check("JobView", (await gateway.submit(goobi={"process_id": 1})).json())
    check("ProblemDocument", (await gateway.submit(plugin="x")).json())
    check("BatchView", (await gateway.client.post("/api/v1/jobs/batch", json=batch)).json())
    check("JobListView", (await gateway.client.get("/api/v1/jobs")).json())
    check("PluginListView", (await gateway.client.get("/api/v1/plugins")).json())
    stored = (await gateway.submit()).json()["id"]
    check("JobView", (await gateway.client.get(f"/api/v1/jobs/{stored}")).json())
    check("JobCommandView", (await gateway.client.post(f"/api/v1/jobs/{stored}/cancel")).json())
    check("PluginCommandView", (await gateway.client.post("/api/v1/plugins/noop/stop")).json())
    check("AuditView", (await gateway.client.get("/api/v1/audit")).json())
    cancel = {"action": "cancel", "filter": {"plugin": "noop"}}
    preview = await gateway.client.post("/api/v1/operations", json={**cancel, "dry_run": True})
    check("PreviewView", preview.json())
    check("OperationView", (await gateway.client.post("/api/v1/operations", json=cancel)).json())
    known = Operation(
        id="1",
        action=JobAction.CANCEL,
        filter=JobFilter(),
        asked=Attribution(by="anna", at=datetime.now(UTC)),
    )
    gateway.reader.known_operations["1"] = known
    check("OperationCommandView", (await gateway.client.post("/api/v1/operations/1/stop")).json())
    check("OperationListView", (await gateway.client.get("/api/v1/operations")).json())
    gateway.scheduler.silent = True
    check("PendingView", (await gateway.client.post("/api/v1/plugins/noop/stop")).json())
    check("RunnerListView", (await gateway.client.get("/api/v1/runners")).json())


async def test_the_page_loads_nothing_from_elsewhere(gateway: Gateway) -> None:
    answer = await gateway.client.get("/docs")

    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    loaded = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
    assert loaded
    assert [address for address in loaded if not address.startswith(("/static/", "/openapi.json"))] == []
    for address in loaded:
        assert (await gateway.client.get(address)).status_code == 200, address


def test_the_manual_names_every_problem() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "http-api.md").read_text(encoding="utf-8")

    assert [kind.name for kind in KINDS if f"`{kind.name}`" not in manual] == []
