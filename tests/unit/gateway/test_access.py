"""Who gets in where: tokens, rights, plugins, sessions, CSRF."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from taskmanager.messages import Changes, EndSessions, SavePreset
from taskmanager.model.access import Right, Role
from taskmanager.model.operations import JobFilter
from taskmanager_gateway.access.requirements import Requirement
from taskmanager_gateway.access.sessions import COOKIE
from taskmanager_gateway.app import make_app
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_testing.access import FakeAccess
from taskmanager_testing.reader import FakeReader

from .access import NOTE, PASSWORD, Obedient, bearer, csrf, log_in, token, user
from .conftest import MOMENT, Gateway, job, make_gateway

OPEN = {
    ("GET", "/itm/service"),  # load balancers ask there; it tells no more than readiness
    ("HEAD", "/itm/service"),
}
ALL = tuple(Right)
PLACES = ("job_id", "name", "runner", "operation", "report", "session", "token", "viewer", "identifier")


@pytest.fixture
def settings(roots: Path) -> GatewaySettings:
    return GatewaySettings(roots=str(roots), event_queue_limit=3, batch_limit=50)


@pytest.fixture
def access() -> FakeAccess:
    made = FakeAccess()
    for name, role in (("vera", Role.VIEWER), ("otto", Role.OPERATOR), ("ada", Role.ADMIN)):
        made.put_user(user(name, role))
    made.put_user(user("petra", plugins=("jp2",)))
    made.put_user(user("newcomer", one_time=True))
    made.put_user(user("gone", disabled=NOTE))
    made.put_token(token("reader", Right.READ))
    made.put_token(token("submitter", Right.SUBMIT))
    made.put_token(token("operator", Right.READ, Right.OPERATE))
    made.put_token(token("all", *ALL))
    made.put_token(token("jp2", *ALL, plugins=("jp2",)))
    made.put_token(token("revoked", *ALL, revoked=NOTE))
    made.put_token(token("expired", *ALL, expires=MOMENT - timedelta(days=300)))
    return made


@pytest.fixture(autouse=True)
def jobs(reader: FakeReader) -> None:
    reader.put(job(1, "noop"))
    reader.put(job(2, "jp2"))


def addresses(gateway: Gateway) -> Iterator[tuple[str, str]]:
    """Every documented method and address, with something in each of its places."""
    document = _api(gateway).openapi()
    for path, methods in document["paths"].items():
        for method in methods:
            address = path
            for name in PLACES:
                address = address.replace(f"{{{name}}}", "x1")
            yield method.upper(), address


def _api(gateway: Gateway) -> Any:
    from taskmanager_gateway.app import make_api  # noqa: PLC0415 - only to look at its routes

    return make_api(gateway.services)


def secret(number: int) -> str:
    return job(number).id


# --- every route ------------------------------------------------------------


async def test_no_address_answers_without_proof_but_those_that_are_listed(gateway: Gateway) -> None:
    asked = list(addresses(gateway))
    assert len(asked) > 40
    for method, address in asked:
        answer = await gateway.client.request(method, address)
        assert ((method, address) in OPEN) == (answer.status_code != 401), (method, address, answer.text)


async def test_every_change_needs_more_than_to_look(gateway: Gateway) -> None:
    for method, address in addresses(gateway):
        if method != "GET":
            answer = await gateway.client.request(method, address, headers=bearer("reader"))
            assert answer.status_code == 403, (method, address, answer.text)


async def test_nothing_can_be_read_with_the_right_to_submit_alone(gateway: Gateway) -> None:
    for method, address in addresses(gateway):
        if method == "GET" and (method, address) not in OPEN and address != "/api/v1/me":
            answer = await gateway.client.get(address, headers=bearer("submitter"))
            assert answer.status_code == 403, (address, answer.text)


def test_every_route_of_the_pages_says_what_it_needs() -> None:
    from taskmanager_gateway.web import app  # noqa: PLC0415 - only to look at its routes

    open_to_all = {"/docs", "/log-in", "/log-in/oidc", "/log-in/oidc/back", "/ui/preferences"}
    routers = [module.router for module in vars(app).values() if hasattr(module, "router")]
    for router in routers:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            declared = any(isinstance(one.dependency, Requirement) for one in route.dependencies)
            assert declared or route.path in open_to_all, route.path


@pytest.mark.parametrize("address", ["/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json"])
async def test_health_metrics_and_documents_stay_open(gateway: Gateway, address: str) -> None:
    assert (await gateway.client.get(address)).status_code == 200


# --- tokens ------------------------------------------------------------


async def test_a_token_is_taken_as_bearer_and_as_the_password_of_anybody(gateway: Gateway) -> None:
    address = "/api/v1/plugins"
    assert (await gateway.client.get(address, headers=bearer("reader"))).status_code == 200
    assert (await gateway.client.get(address, auth=("anybody", "tm_reader"))).status_code == 200


@pytest.mark.parametrize(
    "header", ["Bearer tm_revoked", "Bearer tm_expired", "Bearer x", "Bearer", "Basic %"]
)
async def test_a_bad_token_is_refused_and_said_to_be_bad(gateway: Gateway, header: str) -> None:
    answer = await gateway.client.get("/api/v1/plugins", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.json()["type"].endswith("not-authenticated")
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


async def test_a_bad_token_does_not_close_what_is_open(gateway: Gateway) -> None:
    assert (await gateway.client.get("/health/live", headers=bearer("x"))).status_code == 200


async def test_the_audit_gets_the_token_and_for_whom_it_was_used(gateway: Gateway) -> None:
    headers = {**bearer("operator"), "Taskmanager-Actor": "anna"}
    await gateway.client.post(f"/api/v1/jobs/{secret(1)}/hold", headers=headers)
    await gateway.client.post(f"/api/v1/jobs/{secret(1)}/hold", headers=bearer("operator"))

    assert [one.actor for one in gateway.scheduler.commands] == ["anna via token:operator", "token:operator"]


async def test_a_key_belongs_to_its_token_whomever_it_is_used_for(gateway: Gateway) -> None:
    async def submitted(name: str, **headers: str) -> str:
        headers |= {**bearer(name), "Idempotency-Key": "k"}
        answer = await gateway.client.post("/api/v1/jobs", json={"plugin": "noop"}, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    first = await submitted("submitter")
    assert await submitted("submitter", **{"Taskmanager-Actor": "anna"}) == first
    assert await submitted("all") != first


async def test_a_token_is_looked_up_anew_after_a_change(gateway: Gateway, access: FakeAccess) -> None:
    for _ in range(3):
        await gateway.client.get("/api/v1/me", headers=bearer("reader"))
    assert access.reads == 1

    access.put_token(token("reader", Right.READ, revoked=NOTE))
    gateway.services.feed.take(Changes(changes=(), access=True).encode())
    assert (await gateway.client.get("/api/v1/me", headers=bearer("reader"))).status_code == 401


async def test_the_use_of_tokens_is_told_once(gateway: Gateway) -> None:
    for _ in range(3):
        await gateway.client.get("/api/v1/me", headers=bearer("reader"))
    await gateway.services.access.use.run_once()
    await gateway.services.access.use.run_once()

    (message,) = gateway.publisher.messages
    assert b'"id-reader"' in message.body
    assert not message.persistent


async def test_what_is_known_goes_on_while_the_database_is_away(gateway: Gateway, access: FakeAccess) -> None:
    await gateway.client.get("/api/v1/me", headers=bearer("reader"))
    access.available = False

    assert (await gateway.client.get("/api/v1/me", headers=bearer("reader"))).status_code == 200
    answer = await gateway.client.get("/api/v1/me", headers=bearer("all"))
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


# --- plugins ------------------------------------------------------------


async def test_who_is_restricted_sees_the_jobs_of_their_plugins_alone(gateway: Gateway) -> None:
    headers = bearer("jp2")
    listed = (await gateway.client.get("/api/v1/jobs", headers=headers)).json()["jobs"]
    assert [one["plugin"] for one in listed] == ["jp2"]
    plugins = (await gateway.client.get("/api/v1/plugins", headers=headers)).json()["plugins"]
    assert [one["manifest"]["name"] for one in plugins] == ["jp2"]
    rows = (await gateway.client.get("/itm/api?action=getJobs", headers=headers)).json()
    assert [row["jobType"] for row in rows] == ["JP2"]


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/api/v1/jobs?plugin=noop"),
        ("GET", "/api/v1/jobs?plugins=noop"),
        ("GET", "/api/v1/events?plugin=noop"),
        ("GET", "/api/v1/audit?plugin=noop"),
        ("GET", "/api/v1/plugins/noop"),
        ("GET", "/api/v1/goobi"),
        ("GET", "/itm/api?action=getJobs&jobtype=NOOP"),
        ("POST", "/api/v1/plugins/noop/stop"),
        ("POST", "/api/v1/plugins/noop/cancel-jobs"),
        ("GET", "/api/v1/users"),
        ("GET", "/api/v1/tokens"),
        ("DELETE", "/api/v1/users/ada"),
    ],
)
async def test_what_is_out_of_reach_is_refused(gateway: Gateway, method: str, address: str) -> None:
    answer = await gateway.client.request(method, address.format(job=secret(1)), headers=bearer("jp2"))

    assert answer.status_code == 403, answer.text
    assert "restricted" in answer.text
    assert gateway.scheduler.commands == []


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/api/v1/jobs/{job}"),
        ("GET", "/api/v1/jobs/{job}/history"),
        ("GET", "/api/v1/jobs/{job}/log"),
        ("GET", "/api/v1/jobs/{job}/files"),
        ("GET", "/api/v1/jobs/{job}/reports"),
        ("POST", "/api/v1/jobs/{job}/cancel"),
    ],
)
async def test_a_job_out_of_reach_is_as_unknown_as_one_that_is_none(
    gateway: Gateway, method: str, address: str
) -> None:
    hidden = await gateway.client.request(method, address.format(job=secret(1)), headers=bearer("jp2"))
    absent = await gateway.client.request(method, address.format(job=secret(9)), headers=bearer("jp2"))

    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert hidden.text.replace(secret(1), "x") == absent.text.replace(secret(9), "x")
    assert gateway.scheduler.commands == []


async def test_names_of_plugins_out_of_reach_are_not_told(gateway: Gateway, access: FakeAccess) -> None:
    access.put_token(token("lost", *ALL, plugins=("jp2", "ghost")))
    asked = [
        ("POST", "/api/v1/jobs", {"plugin": "ghost"}),
        ("POST", "/itm/service", {"jobtype": "ghost"}),
        ("POST", "/api/v1/plugins/ghost/stop", {}),
        ("GET", "/api/v1/plugins/ghost", None),
        ("GET", "/itm/api?action=getJobs&jobtype=ghost", None),
    ]
    for method, address, body in asked:
        answer = await gateway.client.request(method, address, json=body, headers=bearer("lost"))
        assert answer.status_code in {404, 400}, (address, answer.text)
        assert not re.search(r"noop|bare|closed", answer.text, re.IGNORECASE), (address, answer.text)


async def test_each_job_of_a_batch_is_judged_by_its_own_plugin(gateway: Gateway) -> None:
    jobs = [{"plugin": "noop"}, {"plugin": "jp2", "source": "/", "destination": "/"}]
    answer = await gateway.client.post("/api/v1/jobs/batch", json={"jobs": jobs}, headers=bearer("jp2"))

    first, second = answer.json()["results"]
    assert (first["status"], first["problem"]["type"]) == (403, "urn:taskmanager:problem:forbidden")
    assert second["status"] != 403


async def test_a_unique_key_tells_nothing_of_another_plugins_job(gateway: Gateway) -> None:
    gateway.reader.put(job(3, "noop", unique="u"))
    body = {"plugin": "bare", "unique": "u"}
    gateway.services.access.reader.put_token(token("bare", *ALL, plugins=("bare",)))  # type: ignore[attr-defined]
    answer = await gateway.client.post("/api/v1/jobs", json=body, headers=bearer("bare"))

    assert answer.status_code == 403
    assert job(3).id not in answer.text


async def test_an_operation_over_all_is_kept_to_the_plugins_within_reach(gateway: Gateway) -> None:
    body = {"action": "hold", "all": True}
    answer = await gateway.client.post("/api/v1/operations", json=body, headers=bearer("jp2"))

    assert answer.status_code == 202, answer.text
    (command,) = gateway.scheduler.commands
    assert command.order.filter == JobFilter(plugins=("jp2",))  # type: ignore[union-attr]


async def test_without_the_database_nothing_is_guessed_for_who_is_restricted(gateway: Gateway) -> None:
    await gateway.client.get("/api/v1/me", headers=bearer("jp2"))
    await gateway.client.get("/api/v1/me", headers=bearer("all"))
    gateway.reader.available = False
    refused = await gateway.client.post(f"/api/v1/jobs/{secret(2)}/cancel", headers=bearer("jp2"))
    done = await gateway.client.post(f"/api/v1/jobs/{secret(2)}/cancel", headers=bearer("all"))

    assert (refused.status_code, done.status_code) == (503, 200)
    assert [one.actor for one in gateway.scheduler.commands] == ["token:all"]


# --- sessions ------------------------------------------------------------


async def test_a_session_begun_at_one_gateway_counts_at_another(gateways: tuple[Gateway, Gateway]) -> None:
    first, second = gateways
    answer = await log_in(first, "vera")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/"))

    second.client.cookies.set(COOKIE, answer.cookies[COOKIE])
    me = (await second.client.get("/api/v1/me")).json()
    assert (me["name"], me["rights"]) == ("vera", ["read"])


async def test_logging_out_counts_everywhere(gateways: tuple[Gateway, Gateway], access: FakeAccess) -> None:
    first, second = gateways
    first.scheduler.obey = Obedient(access)
    await log_in(first, "vera")
    second.client.cookies = first.client.cookies
    headers = {"X-CSRF-Token": await csrf(first)}
    kept = first.client.cookies[COOKIE]
    await first.client.post("/log-out", headers=headers)
    first.client.cookies.set(COOKIE, kept)

    assert (await first.client.get("/api/v1/me")).status_code == 401
    assert (await second.client.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize("name", ["gone", "nobody"])
async def test_nobody_else_gets_in_and_all_hear_the_same(gateway: Gateway, name: str) -> None:
    wrong = await log_in(gateway, "vera", "wrong")
    answer = await log_in(gateway, name)

    assert wrong.status_code == answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert COOKIE not in gateway.client.cookies


async def test_a_one_time_password_leads_to_another_one_and_nowhere_else(
    gateway: Gateway, access: FakeAccess
) -> None:
    gateway.scheduler.obey = obedient = Obedient(access)
    answer = await log_in(gateway, "newcomer")
    assert answer.headers["location"] == "/account"
    html = {"Accept": "text/html"}
    assert (await gateway.client.get("/", headers=html)).headers["location"] == "/account"
    assert (await gateway.client.get("/api/v1/jobs")).status_code == 403
    assert (await gateway.client.get("/account", headers=html)).status_code == 200

    fields = {"current": PASSWORD, "password": "a better one than that", "again": "a better one than that"}
    page = (await gateway.client.get("/account", headers=html)).text
    sent = dict.fromkeys(re.findall(r'<input[^>]* name="(\w+)"', page), "newcomer") | fields
    answer = await gateway.client.post("/account", data={**sent, "csrf": await csrf(gateway)})
    assert answer.status_code == 303, answer.text
    assert [one.actor for one in obedient.obeyed] == ["newcomer"]
    assert (await gateway.client.get("/api/v1/jobs")).status_code == 200


async def test_another_password_ends_all_other_sessions(
    gateways: tuple[Gateway, Gateway], access: FakeAccess
) -> None:
    first, second = gateways
    first.scheduler.obey = Obedient(access)
    await log_in(first, "vera")
    await log_in(second, "vera")
    fields = {"current": PASSWORD, "password": "a better one than that", "again": "a better one than that"}
    await first.client.post("/account", data={**fields, "csrf": await csrf(first)})

    assert (await first.client.get("/api/v1/me")).status_code == 200
    assert (await second.client.get("/api/v1/me")).status_code == 401


async def test_all_other_sessions_can_be_ended_without_another_password(
    gateways: tuple[Gateway, Gateway], access: FakeAccess
) -> None:
    first, second = gateways
    first.scheduler.obey = obedient = Obedient(access)
    await log_in(first, "vera")
    await log_in(second, "vera")
    answer = await first.client.post("/account/end-others", data={"csrf": await csrf(first)})

    assert answer.status_code == 303, answer.text
    assert [one.order for one in obedient.obeyed] == [EndSessions(name="vera")]
    assert (await first.client.get("/api/v1/me")).status_code == 200
    assert (await second.client.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize(
    ("password", "why"),
    [("short", "too short"), (PASSWORD, "this is the old password")],
)
async def test_a_weak_password_is_refused(gateway: Gateway, password: str, why: str) -> None:
    await log_in(gateway, "vera")
    fields = {"current": PASSWORD, "password": password, "again": password, "csrf": await csrf(gateway)}
    answer = await gateway.client.post("/account", data=fields)

    assert (answer.status_code, why in answer.text) == (422, True), answer.text


async def test_after_five_failures_nobody_of_that_name_and_address_gets_in(gateway: Gateway) -> None:
    for _ in range(5):
        assert (await log_in(gateway, "vera", "wrong")).status_code == 401
    answer = await log_in(gateway, "vera")

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert (await log_in(gateway, "otto")).status_code == 303


async def test_a_browser_is_led_to_the_log_in_and_back(gateway: Gateway) -> None:
    answer = await gateway.client.get("/?a=b", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/log-in?next=%2F%3Fa%3Db")
    form = await gateway.client.get(answer.headers["location"])
    assert 'value="/?a=b"' in form.text


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test", "/\\evil.test"])
async def test_the_log_in_leads_nowhere_else(gateway: Gateway, target: str) -> None:
    fields = {"name": "vera", "password": PASSWORD, "next": target}
    assert (await gateway.client.post("/log-in", data=fields)).headers["location"] == "/"


async def test_a_log_in_sent_by_another_site_is_refused(gateway: Gateway) -> None:
    assert (await log_in(gateway, "vera", **{"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert (await log_in(gateway, "vera", Origin="http://evil.test")).status_code == 403
    assert (await log_in(gateway, "vera", Origin="http://gateway")).status_code == 303


async def test_an_open_page_is_told_that_its_log_in_ended_and_gets_in_again(gateway: Gateway) -> None:
    script = {"HX-Request": "true"}
    answer = await gateway.client.get("/ui/menu", headers=script)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (401, "log-in-needed")

    answer = await log_in(gateway, "otto", **script)
    assert (answer.status_code, "logged-in" in answer.headers["HX-Trigger"]) == (204, True)


async def test_the_menu_shows_nothing_to_who_is_not_known(gateway: Gateway) -> None:
    assert "/plugins/noop" not in (await gateway.client.get("/log-in")).text


# --- CSRF ------------------------------------------------------------


async def test_a_change_by_cookie_needs_the_token_of_its_session(gateways: tuple[Gateway, Gateway]) -> None:
    first, second = gateways
    address = f"/api/v1/jobs/{secret(1)}/hold"
    await log_in(first, "otto")
    await log_in(second, "otto")
    foreign = await csrf(second)
    for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": "ä".encode()}, {"X-CSRF-Token": foreign}):
        answer = await first.client.post(address, headers=headers)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:taskmanager:problem:csrf")
    assert (await first.client.post(address, headers={"X-CSRF-Token": await csrf(first)})).status_code == 200


async def test_the_token_is_another_text_each_time(gateway: Gateway) -> None:
    await log_in(gateway, "otto")
    assert await csrf(gateway) != await csrf(gateway)


# --- ITM's old callers ------------------------------------------------------------


async def test_an_open_network_may_submit_as_old_callers_do_and_nothing_else(
    reader: FakeReader, roots: Path, gateway: Gateway
) -> None:
    open_to = GatewaySettings(roots=str(roots), itm_open_to="127.0.0.0/8")
    other = make_gateway(reader, gateway.publisher, gateway.scheduler, open_to)
    await other.services.catalogue.run_once()
    answer = await other.client.post("/itm/service", json={"jobtype": "NOOP"})
    assert (answer.status_code, answer.json()["STATUS"]) == (200, "OK"), answer.text
    assert (await other.client.get("/itm/api?action=getJobs")).status_code == 401
    assert (await other.client.post("/api/v1/jobs", json={"plugin": "noop"})).status_code == 401


async def test_who_writes_an_address_into_a_header_does_not_come_from_there(
    reader: FakeReader, roots: Path, gateway: Gateway
) -> None:
    headers = {"X-Forwarded-For": "192.0.2.7"}
    for proxies, status in (("", 401), ("10.0.0.0/8", 401), ("127.0.0.1", 200)):
        settings = GatewaySettings(roots=str(roots), itm_open_to="192.0.2.0/24", trusted_proxies=proxies)
        other = make_gateway(reader, gateway.publisher, gateway.scheduler, settings)
        await other.services.catalogue.run_once()
        answer = await other.client.post("/itm/service", json={"jobtype": "NOOP"}, headers=headers)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("peer", ["127.0.0.1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        ("192.0.2.7", 200),
        ("198.51.100.1, 192.0.2.7", 200),
        ("192.0.2.7, 198.51.100.1", 401),
        ("192.0.2.7, 127.0.0.2", 200),
        ("192.0.2.7, nonsense", 401),
    ],
)
async def test_of_the_addresses_a_proxy_names_the_last_that_is_no_proxy_counts(
    reader: FakeReader, roots: Path, gateway: Gateway, peer: str, forwarded: str, status: int
) -> None:
    settings = GatewaySettings(roots=str(roots), itm_open_to="192.0.2.0/24", trusted_proxies="127.0.0.0/8")
    other = make_gateway(reader, gateway.publisher, gateway.scheduler, settings)
    await other.services.catalogue.run_once()
    transport = httpx.ASGITransport(make_app(other.services), client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        headers = {"X-Forwarded-For": forwarded}
        answer = await client.post("/itm/service", json={"jobtype": "NOOP"}, headers=headers)
    assert answer.status_code == status, answer.text


# --- users and tokens over HTTP ------------------------------------------------------------


async def test_an_admin_adds_a_user_and_gets_a_one_time_password_once(gateway: Gateway) -> None:
    body = {"name": "anna", "role": "operator", "plugins": ["jp2"], "reason": "new"}
    answer = await gateway.client.post("/api/v1/users", json=body, headers=bearer("all"))

    assert answer.status_code == 200, answer.text
    password = answer.json()["one_time_password"]
    assert len(password) > 20
    (command,) = gateway.scheduler.commands
    assert password not in command.encode().decode()
    assert (command.actor, command.reason) == ("token:all", "new")


async def test_a_token_is_made_and_its_secret_passes_no_broker(gateway: Gateway) -> None:
    body = {"name": "goobi", "scopes": ["submit"]}
    answer = await gateway.client.post("/api/v1/tokens", json=body, headers=bearer("all"))

    secret_text = answer.json()["secret"]
    assert secret_text.startswith("tm_")
    assert all(secret_text.encode() not in message.body for message in gateway.publisher.messages)


async def test_a_pending_answer_still_hands_over_the_secret(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskmanager_gateway.commands.service.RESULT_TIME", timedelta(milliseconds=10))
    gateway.scheduler.silent = True
    body = {"name": "goobi", "scopes": ["submit"]}
    answer = await gateway.client.post("/api/v1/tokens", json=body, headers=bearer("all"))

    assert (answer.status_code, answer.json()["outcome"]) == (202, "pending")
    assert answer.json()["secret"]


async def test_users_and_tokens_are_shown_without_hashes(gateway: Gateway) -> None:
    for address in ("/api/v1/users", "/api/v1/tokens", "/api/v1/users/ada", "/api/v1/tokens/id-all"):
        answer = await gateway.client.get(address, headers=bearer("all"))
        assert answer.status_code == 200, answer.text
        assert "argon2" not in answer.text
        assert "hash" not in answer.text


def test_the_hash_of_nobody_takes_as_long_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from taskmanager.accounts import passwords  # noqa: PLC0415 - used once
    from taskmanager_gateway.accounts.log_in import NOBODYS_HASH  # noqa: PLC0415 - used once

    assert passwords.needs_rehash(NOBODYS_HASH), "hashes are cheap in the tests of this folder"
    monkeypatch.undo()
    assert not passwords.needs_rehash(NOBODYS_HASH)


async def test_shared_presets_need_the_right_to_operate(gateway: Gateway) -> None:
    path, plain = "/api/v1/presets/a", {"plugin": "noop"}
    own = await gateway.client.put(path, json=plain, headers=bearer("submitter"))
    assert own.status_code == 200
    shared = await gateway.client.put(path, json={**plain, "shared": True}, headers=bearer("submitter"))
    assert (shared.status_code, "'operate' is missing" in shared.text) == (403, True)
    everybody = await gateway.client.put(path, json={**plain, "shared": True}, headers=bearer("all"))
    assert everybody.status_code == 200
    saved = [one.order.owner for one in gateway.scheduler.commands if isinstance(one.order, SavePreset)]
    assert saved == ["token:submitter", None]
