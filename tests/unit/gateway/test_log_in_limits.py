"""Log-ins: what is written down of them, who is slowed and who is not, and when a session is too old."""

from datetime import timedelta
from pathlib import Path

import pytest
from itsdangerous import TimestampSigner

from taskmanager.messages import LogInsSeen
from taskmanager.model.access import Role
from taskmanager.model.reasons.oidc_refusals import OidcRefusal
from taskmanager.process.clock import SystemClock
from taskmanager_gateway.access.sessions import COOKIE, KNOWN_COOKIE, Session
from taskmanager_gateway.accounts.log_in_throttle import LONGEST_WAIT, NAME_GAP, Throttle
from taskmanager_gateway.http.problems import ProblemError
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_testing.access import FakeAccess

from .access import PASSWORD, csrf, log_in, user
from .conftest import Gateway


@pytest.fixture
def settings(roots: Path) -> GatewaySettings:
    return GatewaySettings(roots=str(roots))


@pytest.fixture
def access() -> FakeAccess:
    made = FakeAccess()
    made.put_user(user("ada", Role.ADMIN))
    return made


class Waits:
    """A clock that stands still, and how long somebody was made to wait."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waited: list[float] = []

    async def wait(self, seconds: float) -> None:
        self.waited.append(seconds)

    def throttle(self) -> Throttle:
        return Throttle(lambda: self.now, self.wait)


async def fail(throttle: Throttle, name: str, address: str) -> None:
    await throttle.attempt(name, address)
    throttle.failed(name, address)


async def test_one_name_from_many_addresses_is_slowed_and_not_locked() -> None:
    waits = Waits()
    throttle = waits.throttle()
    for number in range(20):
        await fail(throttle, "ada", f"192.0.2.{number}")
    assert waits.waited == []
    for number in range(3):
        await fail(throttle, "ada", f"198.51.100.{number}")
    assert waits.waited == [NAME_GAP, 2 * NAME_GAP]
    waits.now += LONGEST_WAIT
    await throttle.attempt("ada", "203.0.113.1")
    assert waits.waited == [NAME_GAP, 2 * NAME_GAP]
    await throttle.attempt("otto", "203.0.113.1")


async def test_many_at_once_are_asked_to_come_again_but_a_known_browser_is_not() -> None:
    waits = Waits()
    throttle = waits.throttle()
    for number in range(20):
        await fail(throttle, "ada", f"192.0.2.{number}")
    for number in range(6):
        await throttle.attempt("ada", f"198.51.100.{number}")
    with pytest.raises(ProblemError):
        await throttle.attempt("ada", "198.51.100.7")
    await throttle.attempt("ada", "203.0.113.1", known=True)


async def test_a_64_of_ipv6_counts_as_one_address() -> None:
    throttle = Waits().throttle()
    for number in range(50):
        await fail(throttle, f"name{number}", f"2001:db8:1:2::{number:x}")
    with pytest.raises(ProblemError):
        await throttle.attempt("other", "2001:db8:1:2:ffff::1")
    await throttle.attempt("other", "2001:db8:1:3::1")


async def test_failures_of_all_names_slow_all() -> None:
    waits = Waits()
    throttle = waits.throttle()
    for number in range(301):
        await fail(throttle, f"name{number}", f"192.0.{number // 200}.{number % 200}")
    await throttle.attempt("ada", "203.0.113.1")
    assert waits.waited


async def test_log_ins_and_refusals_are_told_for_the_audit(gateway: Gateway) -> None:
    await log_in(gateway, "ada", "wrong")
    await log_in(gateway, "ada", "wrong")
    await log_in(gateway, "my secret password", "ada")
    await log_in(gateway, "ada")
    before = len(gateway.publisher.messages)
    await gateway.services.access.records.run_once()

    (message,) = gateway.publisher.messages[before:]
    told = LogInsSeen.model_validate_json(message.body).seen
    assert [(one.user, one.outcome, one.times) for one in told] == [
        ("ada", "refused", 2),
        ("", "refused", 1),
        ("ada", "done", 1),
    ]
    assert b"secret" not in message.body


async def test_refusals_with_a_code_are_told_in_a_message_of_their_own(
    gateway: Gateway,
) -> None:
    records = gateway.services.access.records
    records.note("done", "oidc", "ada", "192.0.2.7")
    for refusal in (OidcRefusal.NO_GROUP, OidcRefusal.NO_GROUP, OidcRefusal.TOKEN_NONCE):
        records.note("refused", "oidc", None, "192.0.2.7", refusal)
    before = len(gateway.publisher.messages)
    await records.run_once()

    plain, coded = gateway.publisher.messages[before:]
    assert b"refusal" not in plain.body
    told = LogInsSeen.model_validate_json(coded.body).seen
    assert [(one.refusal, one.times) for one in told] == [("no_group", 2), ("token_nonce", 1)]


async def test_the_browser_is_known_after_a_log_in(gateway: Gateway) -> None:
    answer = await log_in(gateway, "ada")
    cookies = await gateway.services.access.proving.cookies()
    assert cookies.is_known(answer.cookies[KNOWN_COOKIE], "ADA")
    assert not cookies.is_known(answer.cookies[KNOWN_COOKIE], "otto")
    assert not cookies.is_known(answer.cookies[COOKIE], "ada")


async def show(gateway: Gateway, begun: timedelta, seen: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that began and was last used so long ago."""
    now = SystemClock().now()
    cookies = await gateway.services.access.proving.cookies()
    with monkeypatch.context() as patch:
        patch.setattr(TimestampSigner, "get_timestamp", lambda _: int((now - seen).timestamp()))
        value = cookies.write(Session.begin("ada", now - begun))
    gateway.client.cookies.set(COOKIE, value)


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("begun", "seen", "status"),
    [(HOUR, HOUR, 200), (11 * HOUR, HOUR, 200), (3 * HOUR, 3 * HOUR, 401), (13 * HOUR, HOUR, 401)],
)
async def test_a_session_ends_without_work_and_after_its_time(
    gateway: Gateway, begun: timedelta, seen: timedelta, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await show(gateway, begun, seen, monkeypatch)
    assert (await gateway.client.get("/api/v1/me")).status_code == status


async def test_work_renews_a_session_and_an_open_page_does_not(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await show(gateway, HOUR, HOUR, monkeypatch)
    quiet = await gateway.client.get("/ui/users", headers={"HX-Request": "true", "Accept": "text/html"})
    work = await gateway.client.get("/users", headers={"Accept": "text/html"})

    assert COOKIE not in quiet.cookies
    assert COOKIE in work.cookies


async def test_users_change_after_a_fresh_log_in_only(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await show(gateway, HOUR, timedelta(0), monkeypatch)
    body = {"name": "otto", "role": "viewer"}
    old = await gateway.client.post("/api/v1/users", json=body, headers={"X-CSRF-Token": await csrf(gateway)})
    assert (old.status_code, old.json()["type"]) == (401, "urn:taskmanager:problem:fresh-log-in")
    assert gateway.scheduler.commands == []

    gateway.client.cookies.clear()
    await log_in(gateway, "ada", PASSWORD)
    headers = {"X-CSRF-Token": await csrf(gateway)}
    fresh = await gateway.client.post("/api/v1/users", json=body, headers=headers)
    assert fresh.status_code == 200
