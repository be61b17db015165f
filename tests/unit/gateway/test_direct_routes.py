"""The shorter way to the routes of submissions gives the answers of the application around all routes."""

from typing import Any

import httpx
import pytest
from tests.unit.gateway.conftest import Gateway

from taskmanager_gateway import app as module

JSON = {"content-type": "application/json"}
REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a job": ("POST", "/api/v1/jobs", {"json": {"plugin": "noop"}}),
    "a batch": ("POST", "/api/v1/jobs/batch", {"json": {"jobs": [{"plugin": "noop"}, {"plugin": "?"}]}}),
    "no JSON": ("POST", "/api/v1/jobs", {"content": b"{", "headers": JSON}),
    "not JSON": ("POST", "/api/v1/jobs", {"content": b"x", "headers": {"content-type": "text/plain"}}),
    "too large": ("POST", "/api/v1/jobs", {"content": b"x" * 2_000_000, "headers": JSON}),
    "an unknown plugin": ("POST", "/api/v1/jobs", {"json": {"plugin": "unknown"}}),
    "another site": ("POST", "/api/v1/jobs", {"json": {"plugin": "noop"}, "headers": {"origin": "http://x"}}),
    "another method": ("PUT", "/api/v1/jobs", {"json": {"plugin": "noop"}}),
    "a list": ("GET", "/api/v1/jobs", {}),
    "no address": ("POST", "/api/v1/jobs/", {"json": {"plugin": "noop"}}),
    "ITM": ("GET", "/itm/service?itm=1", {}),
}
EACH_ITS_OWN = ("id", "created", "queued_at", "links")


@pytest.fixture
def longer(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    """The same gateway without the shorter way."""
    monkeypatch.setattr(module, "DirectRoutes", lambda app: app)
    transport = httpx.ASGITransport(module.make_app(gateway.services), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


def compared(response: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """What two answers to the same request have in common: all but what is each job's own."""
    own_length = ("location", "content-length")
    headers = {name: value for name, value in response.headers.items() if name not in own_length}
    body: dict[str, Any] = response.json()
    items = body.get("results", [])
    for one in [body, *items, *(item["job"] for item in items if item.get("job"))]:
        for name in EACH_ITS_OWN:
            one.pop(name, None)
    return response.status_code, headers, body


@pytest.mark.parametrize("name", REQUESTS)
async def test_the_answer_is_the_same(gateway: Gateway, longer: httpx.AsyncClient, name: str) -> None:
    method, path, rest = REQUESTS[name]

    short = await gateway.client.request(method, path, **rest)
    long = await longer.request(method, path, **rest)

    assert compared(short) == compared(long)


async def test_a_defect_is_told_and_passed_on(
    gateway: Gateway, longer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(gateway.services.submissions, "submit", broken)

    short = await gateway.submit()
    long = await longer.post("/api/v1/jobs", json={"plugin": "noop"})

    assert short.status_code == 500
    assert compared(short) == compared(long)
