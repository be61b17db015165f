"""What a request may bring: bytes, fields and kinds of its body, and the names it is addressed to."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.types import Message, Receive, Scope, Send

from taskmanager.model.access import Right, Role
from taskmanager.serving.connections import client_key
from taskmanager_gateway.http.body_limits import (
    FORM,
    FORM_BYTES,
    MOST_FIELDS,
    UNPROVED_BYTES,
    BodyLimitMiddleware,
    BodyLimits,
    BodyRefusedError,
)
from taskmanager_gateway.http.open_streams import OpenStreams
from taskmanager_gateway.http.problems import ProblemError
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_testing.access import FakeAccess

from .access import bearer, token, user
from .conftest import Gateway


@pytest.fixture
def settings(roots: Path) -> GatewaySettings:
    return GatewaySettings(roots=str(roots), http_hosts="gateway, jobs.example.org", stream_limit=2)


@pytest.fixture
def access() -> FakeAccess:
    made = FakeAccess()
    made.put_user(user("ada", Role.ADMIN))
    made.put_token(token("all", *Right))
    return made


async def dripping(size: int) -> AsyncIterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(size // 1024):
        yield b"a" * 1024


HEADERS = {"Content-Type": FORM}


async def test_who_has_shown_no_proof_sends_a_log_in_and_no_more(gateway: Gateway) -> None:
    too_much = urlencode({"name": "ada", "password": "a" * UNPROVED_BYTES})
    declared = await gateway.client.post("/log-in", content=too_much, headers=HEADERS)
    dripped = await gateway.client.post("/log-in", content=dripping(2 * UNPROVED_BYTES), headers=HEADERS)

    assert (declared.status_code, dripped.status_code) == (413, 413)
    assert declared.json()["limit_bytes"] == UNPROVED_BYTES


async def test_a_form_of_somebody_known_has_a_limit_too(gateway: Gateway) -> None:
    for path in ("/ui/users", "/log-out", "/account"):
        answer = await gateway.client.post(
            path, content=dripping(FORM_BYTES + 4096), headers=HEADERS | bearer("all")
        )
        assert answer.status_code in {413, 303, 403}, path
    answer = await gateway.client.post(
        "/ui/users", content=dripping(FORM_BYTES + 4096), headers=HEADERS | bearer("all")
    )
    assert answer.status_code == 413


async def test_a_form_of_many_fields_is_refused(gateway: Gateway) -> None:
    fields = "&".join(f"f{number}=" for number in range(MOST_FIELDS + 1))
    answer = await gateway.client.post("/ui/users", content=fields, headers=HEADERS | bearer("all"))
    assert answer.status_code == 413
    assert str(MOST_FIELDS) in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/log-in", "/ui/users", "/itm/service"])
async def test_multipart_is_refused_where_no_file_is_expected(gateway: Gateway, path: str) -> None:
    files = {"file": b"a" * 100}
    answer = await gateway.client.post(path, files=files, headers=bearer("all"))
    assert answer.status_code == 415


async def test_a_body_that_does_not_come_is_given_up() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "path": "/api/v1/jobs", "headers": [], "state": {"principal": None}}
    bounds = BodyLimitMiddleware(app, BodyLimits(1024, {}), timedelta(0))
    with pytest.raises(BodyRefusedError) as refused:
        await bounds(scope, never, send)
    assert refused.value.problem.kind.status == 408


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("gateway", 200),
        ("GATEWAY:8080", 200),
        ("jobs.example.org", 200),
        ("evil.example.org", 400),
        ("gateway@evil", 400),
        ("", 400),
    ],
)
async def test_only_names_that_are_set_are_answered(gateway: Gateway, host: str, status: int) -> None:
    answer = await gateway.client.get("/docs", headers={"Host": host})
    assert answer.status_code == status


async def test_two_hosts_are_refused_and_probes_ask_by_any(gateway: Gateway) -> None:
    two = await gateway.client.get("/docs", headers=[("Host", "gateway"), ("Host", "evil")])
    probe = await gateway.client.get("/health/live", headers={"Host": "10.0.0.7:8080"})
    assert (two.status_code, probe.status_code) == (400, 200)


def test_streams_are_limited_for_each_client_and_in_all() -> None:
    streams = OpenStreams(3, 2)
    with streams.open("anna"), streams.open("anna"):
        with pytest.raises(ProblemError, match="of yours"):
            streams.check("anna")
        streams.check("otto")
        with streams.open("otto"), pytest.raises(ProblemError, match="3 streams are open"):
            streams.check("vera")
    streams.check("anna")


async def test_one_stream_too_many_is_answered_with_429(gateway: Gateway) -> None:
    with gateway.services.streams.open("x"), gateway.services.streams.open("y"):
        answer = await gateway.client.get("/api/v1/events", headers=bearer("all"))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "30"


def test_a_client_is_an_address_or_a_64_of_ipv6() -> None:
    assert client_key("192.0.2.7") == "192.0.2.7/32"
    assert client_key("::ffff:192.0.2.7") == "192.0.2.7/32"
    assert client_key("2001:db8:1:2:3::4") == client_key("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert client_key("") == ""
