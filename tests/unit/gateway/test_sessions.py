"""One's own log-ins: told of, listed, ended; over whole gateways."""

from datetime import timedelta
from pathlib import Path

import pytest

from taskmanager.messages import EndSession, SessionsUsed
from taskmanager.model.access import KnownSession, Role
from taskmanager.process.clock import SystemClock
from taskmanager_gateway.access.session_use import AT_ONCE
from taskmanager_gateway.access.sessions import COOKIE
from taskmanager_gateway.accounts.session_list.browsers import browser_of, system_of
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_testing.access import FakeAccess

from .access import Obedient, bearer, csrf, log_in, token, user
from .conftest import Gateway

PAGE = {"Accept": "text/html", "Accept-Language": "en"}
OWN = "/api/v1/account/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 "
    "Safari/537.36 Edg/140.0"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1"


@pytest.fixture
def settings(roots: Path) -> GatewaySettings:
    return GatewaySettings(roots=str(roots))


@pytest.fixture
def access() -> FakeAccess:
    made = FakeAccess()
    made.put_user(user("ada", Role.ADMIN))
    made.put_user(user("otto"))
    made.put_token(token("reader", *Role.ADMIN.rights))
    return made


@pytest.fixture(autouse=True)
def obedient(gateway: Gateway, access: FakeAccess) -> Obedient:
    made = Obedient(access)
    gateway.scheduler.obey = made
    return made


def used(access: FakeAccess, name: str, number: int, **fields: object) -> KnownSession:
    """Another session that the scheduler has heard of."""
    now = SystemClock().now()
    state = {"begun": now, "last_used": now, "ends": now + timedelta(hours=1), "address": "192.0.2.7"}
    made = KnownSession.model_validate(
        {"id": f"{name}-{number}", "user": name, "browser": FIREFOX, **state, **fields}
    )
    access.used[made.id] = made
    return made


async def told(gateway: Gateway) -> SessionsUsed | None:
    """What the scheduler is told now."""
    before = len(gateway.publisher.messages)
    await gateway.services.access.session_use.run_once()
    messages = gateway.publisher.messages[before:]
    return SessionsUsed.model_validate_json(messages[0].body) if messages else None


async def test_the_use_of_a_session_is_told_once_and_again_from_another_address(gateway: Gateway) -> None:
    await log_in(gateway, "otto")
    for _ in range(3):
        await gateway.client.get("/api/v1/me", headers={"User-Agent": f"{FIREFOX}\x01"})
    first = await told(gateway)
    assert first is not None
    (use,) = first.uses
    assert (use.user, use.address, use.browser) == ("otto", "127.0.0.1", FIREFOX)
    assert use.ends <= use.begun + timedelta(hours=12)
    await gateway.client.get("/api/v1/me")
    assert await told(gateway) is None
    session = gateway.services.access.log_in.session(user("otto"))
    uses = gateway.services.access.session_use
    uses.note(session, "192.0.2.1", FIREFOX)
    assert await told(gateway) is not None
    uses.note(session, "192.0.2.2", FIREFOX)
    again = await told(gateway)
    assert again is not None
    assert [one.address for one in again.uses] == ["192.0.2.2"]


async def test_what_could_not_be_told_is_told_at_the_next_use(gateway: Gateway) -> None:
    await log_in(gateway, "otto")
    await gateway.client.get("/api/v1/me")
    gateway.publisher.available = False
    await gateway.services.access.session_use.run_once()
    gateway.publisher.available = True
    assert await told(gateway) is None
    await gateway.client.get("/api/v1/me")
    assert await told(gateway) is not None


async def test_what_one_message_cannot_hold_waits_for_the_next(gateway: Gateway, access: FakeAccess) -> None:
    otto = access.known_users["otto"]
    for _ in range(AT_ONCE + 1):
        gateway.services.access.session_use.note(
            gateway.services.access.log_in.session(otto), "192.0.2.1", ""
        )
    messages = [await told(gateway) for _ in range(3)]
    assert [len(one.uses) if one else 0 for one in messages] == [AT_ONCE, 1, 0]


async def test_the_list_has_those_that_count_and_the_one_that_asks_first(
    gateway: Gateway, access: FakeAccess
) -> None:
    now = SystemClock().now()
    await log_in(gateway, "otto")
    other = used(access, "otto", 1, browser=EDGE)
    used(access, "otto", 2, ends=now - timedelta(seconds=1))
    used(access, "otto", 3, begun=user("otto").sessions_from - timedelta(seconds=1))
    access.ended[used(access, "otto", 4).id] = now + timedelta(hours=1)
    used(access, "ada", 5)
    listed = (await gateway.client.get(OWN, headers={"User-Agent": IPHONE})).json()["sessions"]
    assert [(one["current"], one["browser"], one["system"]) for one in listed] == [
        (True, "Safari", "iOS"),
        (False, "Edge", "Windows"),
    ]
    assert listed[1]["links"]["self"] == f"{OWN}/{other.id}"
    page = (await gateway.client.get("/account", headers=PAGE | {"User-Agent": IPHONE})).text
    assert page.index("Safari on iOS") < page.index("Edge on Windows")
    assert page.count('/end"') == 1


async def test_a_session_that_is_ended_is_good_for_nothing_at_any_gateway(
    gateways: tuple[Gateway, Gateway], access: FakeAccess, obedient: Obedient
) -> None:
    one, other = gateways
    await log_in(one, "otto")
    other.client.cookies.set(COOKIE, one.client.cookies[COOKIE])
    await one.services.access.session_use.run_once()
    mine = (await one.client.get(OWN)).json()["sessions"][0]["id"]
    used(access, "otto", 1, id=mine)
    one.client.cookies.clear()
    await log_in(one, "otto")
    assert (await other.client.get("/api/v1/me")).status_code == 200
    ended = await one.client.post(
        f"/account/sessions/{mine}/end", data={"csrf": await csrf(one)}, headers=PAGE
    )
    assert ended.status_code == 303
    assert (obedient.obeyed[-1].actor, type(obedient.obeyed[-1].order)) == ("otto", EndSession)
    other.services.access.directory.forget()  # as the scheduler's hint has it do
    assert (await other.client.get("/api/v1/me")).status_code == 401
    assert (await one.client.get("/api/v1/me")).status_code == 200


async def test_nobody_ends_the_session_of_somebody_else_but_an_admin(
    gateway: Gateway, access: FakeAccess, obedient: Obedient
) -> None:
    hers, his = used(access, "ada", 1), used(access, "otto", 1)
    await log_in(gateway, "otto")
    proof = {"X-CSRF-Token": await csrf(gateway)}
    refused = await gateway.client.delete(f"{OWN}/{hers.id}", headers=proof)
    assert (refused.status_code, refused.json()["type"]) == (404, "urn:taskmanager:problem:unknown-session")
    assert (await gateway.client.get("/api/v1/users/ada/sessions")).status_code == 403
    assert obedient.obeyed == []

    gateway.client.cookies.clear()
    await log_in(gateway, "ada")
    listed = (await gateway.client.get("/api/v1/users/OTTO/sessions")).json()["sessions"]
    assert [(one["id"], one["current"]) for one in listed] == [(his.id, False)]
    proof = {"X-CSRF-Token": await csrf(gateway)}
    done = await gateway.client.delete(listed[0]["links"]["self"], headers=proof)
    assert (done.status_code, done.json()["outcome"]) == (200, "done")
    assert obedient.obeyed[-1].order == EndSession(
        user="otto", session=his.id, expires=his.begun + timedelta(hours=12)
    )
    assert (await gateway.client.delete(listed[0]["links"]["self"], headers=proof)).status_code == 404


async def test_a_token_has_no_sessions(gateway: Gateway) -> None:
    assert (await gateway.client.get(OWN, headers=bearer("reader"))).status_code == 403


async def test_the_account_is_shown_without_its_list_while_the_store_is_away(
    gateway: Gateway, access: FakeAccess
) -> None:
    await log_in(gateway, "otto")
    assert (await gateway.client.get("/account", headers=PAGE)).status_code == 200
    access.available = False
    page = await gateway.client.get("/account", headers=PAGE)
    assert (page.status_code, "cannot be read at present" in page.text) == (200, True)


@pytest.mark.parametrize(
    ("agent", "browser", "system"),
    [
        (FIREFOX, "Firefox", "Linux"),
        (EDGE, "Edge", "Windows"),
        (IPHONE, "Safari", "iOS"),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome",
            "Android",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) Version/18.0 Safari/605.1", "Safari", "macOS"),
        ("curl/8.0", None, None),
        ("", None, None),
    ],
)
def test_browsers_are_known_by_what_they_call_themselves(
    agent: str, browser: str | None, system: str | None
) -> None:
    assert (browser_of(agent), system_of(agent)) == (browser, system)
