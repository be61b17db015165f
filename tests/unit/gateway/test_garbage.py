"""Whatever is thrown at any address: an answer of the right kind, and never a defect."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskmanager.messages import Command, CommandResult
from taskmanager.model.jobs import JobSpec
from taskmanager.model.manifest import Need
from taskmanager_gateway.itm.fields import FORM
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_testing.publisher import FakePublisher, Published
from taskmanager_testing.reader import FakeReader

from .conftest import PARAMETERS, Gateway, Scheduler, installed, job, make_gateway

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OF_ITM = ["jobtype", "goobiId", "postOCR", "sourceDir", "templatename", "fontType", "goobiTitle", "logId"]
FIELDS = st.sampled_from(
    [*JobSpec.model_fields, "idempotency_key", "jobs", "process_id", "$ref", "", *OF_ITM]
)
VALUES = JSON | st.sampled_from(
    ["noop", "jp2", "/", "/tmp", "fast", 5, 2**70, "http://[", "\0", "a\0b", "..", {"process_id": 1}]
)
NAMES_OF_PLUGINS = st.sampled_from(["noop", "jp2", "bare", "x"])
ALMOST_JOB = st.fixed_dictionaries({"plugin": NAMES_OF_PLUGINS}, optional={}) | st.fixed_dictionaries(
    {"jobtype": NAMES_OF_PLUGINS}
)
JOBS = st.builds(lambda job, more: {**job, **more}, ALMOST_JOB, st.dictionaries(FIELDS, VALUES, max_size=5))
DOCUMENTS = JOBS | st.fixed_dictionaries({"jobs": st.lists(JOBS | JSON, max_size=3)}) | JSON
FORMS = st.dictionaries(FIELDS, st.text(max_size=9), max_size=5).map(lambda value: urlencode(value).encode())
BODIES = DOCUMENTS.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=200) | FORMS
PARTS = st.sampled_from(
    [
        "api",
        "v1",
        "jobs",
        "batch",
        "plugins",
        "runners",
        "history",
        "log",
        "noop",
        job(1).id,
        "stop",
        "audit",
        "itm",
        "service",
        "rest",
        "viewerpdf",
        "info",
        "",
    ]
)
JOB_ACTIONS = ["cancel", "hold", "release", "retry", "priority"]
PLUGIN_ACTIONS = ["stop", "restart", "refuse", "accept", "limit"]
CONTROLS = [f"/api/v1/jobs/{job(1).id}/{action}" for action in JOB_ACTIONS] + [
    f"/api/v1/plugins/noop/{action}" for action in PLUGIN_ACTIONS
]
ORDERS = st.dictionaries(
    st.sampled_from(["reason", "priority", "mode", "until", "max_running"]),
    JSON | st.datetimes(timezones=st.timezones()).map(datetime.isoformat) | st.integers(0, 12),
    max_size=3,
).map(lambda value: json.dumps(value).encode())
PATHS = st.lists(PARTS | st.text(max_size=8).map(lambda text: quote(text, safe="")), max_size=6).map("/".join)
KNOWN = st.sampled_from(
    [
        "jobs",
        "jobs/batch",
        "plugins",
        "plugins/noop",
        "runners",
        "audit",
        f"jobs/{job(1).id}",
        f"jobs/{job(1).id}/log",
    ]
).map(lambda path: f"api/v1/{path}") | st.sampled_from(
    ["itm/service", "itm/api", "itm/rest/viewerpdf/info/1", "itm/rest/viewerepub/numJobsUntil/x_1"]
)
NAMES = st.sampled_from(
    [*["plugin", "tab", "status", "sort", "order", "cursor", "limit", "text", "after", "process"], "jobtype"]
)
QUERIES = st.lists(
    st.tuples(
        NAMES | st.text(max_size=5), st.text(max_size=10) | st.sampled_from(["queue", "-1", "1.1", "turn"])
    ),
    max_size=3,
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW"])
MEDIA_TYPES = st.sampled_from(
    [*["application/json", "application/json; charset=utf-8", "text/plain", "", ";"], FORM]
)
KEYS = st.none() | st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=10)


@pytest.fixture
async def sturdy(settings: GatewaySettings) -> Gateway:
    """A gateway on its own fakes; they stay as they are while examples run."""

    def answer(message: Published) -> None:
        if message.exchange == settings.topology.events:
            result = CommandResult(id=Command.model_validate_json(message.body).id, outcome="done")
            gateway.services.feed.take(result.encode())

    reader = FakeReader()
    reader.put(job(1))
    reader.install(installed("noop", source=Need.OPTIONAL, destination=Need.OPTIONAL))
    reader.install(installed("jp2", templates=("fast",), template_default="fast", parameters=PARAMETERS))
    reader.install(installed("bare", source=Need.UNUSED, destination=Need.UNUSED))
    publisher = FakePublisher(answer)
    gateway = make_gateway(reader, publisher, Scheduler(), settings)
    await gateway.services.catalogue.run_once()
    return gateway


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(METHODS, PATHS | KNOWN, QUERIES, BODIES, MEDIA_TYPES, KEYS)
async def test_no_request_meets_a_defect(  # noqa: PLR0917 - one argument for each part of a request
    sturdy: Gateway,
    method: str,
    path: str,
    query: list[tuple[str, str]],
    body: bytes,
    media_type: str,
    key: str | None,
) -> None:
    headers: dict[str, Any] = {"Content-Type": media_type.encode()}
    if key is not None:
        headers["Idempotency-Key"] = key.encode("latin-1")
    params = "&".join(f"{quote(name)}={quote(value)}" for name, value in query)

    answer = await sturdy.client.request(
        method, f"http://gateway/{path}?{params}", content=body, headers=headers
    )

    if answer.status_code != 307:  # from /itm to the pages
        _check(answer.status_code, answer.headers.get("Content-Type", ""), path)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["/api/v1/jobs", "/api/v1/jobs/batch", "/itm/service"]), BODIES)
async def test_no_body_meets_a_defect(sturdy: Gateway, path: str, body: bytes) -> None:
    before = len(sturdy.publisher.messages)

    answer = await sturdy.client.post(path, content=body, headers={"Content-Type": "application/json"})

    _check(answer.status_code, answer.headers["Content-Type"], path)
    if answer.status_code >= 400:
        assert len(sturdy.publisher.messages) == before


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(CONTROLS), ORDERS | BODIES, st.none() | st.binary(max_size=20))
async def test_no_command_meets_a_defect(
    sturdy: Gateway, path: str, body: bytes, actor: bytes | None
) -> None:
    before = len(sturdy.publisher.messages)
    method = "PUT" if path.endswith(("priority", "limit")) else "POST"
    headers = [(b"content-type", b"application/json")] + ([(b"taskmanager-actor", actor)] if actor else [])

    answer = await sturdy.client.request(method, path, content=body, headers=headers)

    assert answer.status_code in {200, 409, 422}
    assert len(sturdy.publisher.messages) == before + (answer.status_code == 200)


def _check(status: int, media_type: str, path: str) -> None:
    assert status in {200, 202, 404, 405, 413, 415, 422}
    if status >= 400:
        own = {"application/json"} if path.lstrip("/").startswith("itm") else set()
        assert media_type in own | {"application/problem+json"}
