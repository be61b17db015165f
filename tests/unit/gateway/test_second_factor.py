"""The second factor: set up, asked for after the password, guessed at, lost; over whole gateways."""

import re
from datetime import timedelta
from functools import cache
from pathlib import Path

import httpx
import pyotp
import pytest

from taskmanager.messages import LogInsSeen, RemoveSecondFactor, SetSecondFactor, UseCode
from taskmanager.model.access import Role
from taskmanager.process.clock import SystemClock
from taskmanager_gateway.access.sessions import COOKIE, KNOWN_COOKIE
from taskmanager_gateway.accounts.second_factor import second_factors, totp
from taskmanager_gateway.accounts.second_factor.sealing import Sealing
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_testing.access import FakeAccess

from .access import PASSWORD, Obedient, bearer, csrf, log_in, token, user
from .conftest import Gateway

PAGE = {"Accept": "text/html", "Accept-Language": "en"}
ASKED_FOR_CODE = 'name="half_way"'
FACTOR = "/account/second-factor"


@pytest.fixture
def settings(roots: Path) -> GatewaySettings:
    return GatewaySettings(roots=str(roots))


@pytest.fixture
def access() -> FakeAccess:
    made = FakeAccess()
    made.put_user(user("ada", Role.ADMIN))
    made.put_user(user("otto"))
    made.put_user(user("olga", password_hash=None))
    made.put_token(token("reader", *Role.ADMIN.rights))
    return made


@pytest.fixture(autouse=True)
def obedient(gateway: Gateway, access: FakeAccess) -> Obedient:
    made = Obedient(access)
    gateway.scheduler.obey = made
    return made


def codes(secret: str) -> tuple[str, str]:
    """That of the time step in which the secret was first used, and that of the next; both are taken."""
    device, step = pyotp.TOTP(secret), first_step(secret)
    return device.generate_otp(step), device.generate_otp(step + 1)


@cache
def first_step(_secret: str) -> int:
    """Kept, because a new time step may begin in the middle of a test."""
    return totp.step_at(SystemClock().now())


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return found[1]


async def offered(gateway: Gateway) -> tuple[str, str]:
    """The secret on the page, and what the form sends back with it."""
    page = (await gateway.client.get(FACTOR, headers=PAGE)).text
    shown = re.search(r'id="factor-secret">([A-Z2-7 ]+)<', page)
    assert shown, page
    assert "<svg" in page
    return shown[1].replace(" ", ""), field(page, "sealed")


async def send(gateway: Gateway, address: str, **fields: str) -> httpx.Response:
    form = {"csrf": await csrf(gateway), "current": PASSWORD, **fields}
    return await gateway.client.post(address, data=form, headers=PAGE)


async def enrolled(gateway: Gateway, name: str = "otto") -> tuple[str, list[str]]:
    """Somebody with a second factor, logged out again: the secret and the recovery codes."""
    await log_in(gateway, name)
    secret, sealed = await offered(gateway)
    answer = await send(gateway, FACTOR, sealed=sealed, code=codes(secret)[0])
    assert answer.status_code == 200, answer.text
    recovery = re.findall(r"<li>((?:[a-z2-9]{5}-){4}[a-z2-9]{5})</li>", answer.text)
    assert len(recovery) == totp.RECOVERY_CODES
    gateway.client.cookies.clear()
    return secret, recovery


async def half_way(gateway: Gateway, name: str = "otto") -> str:
    """What the form for the code sends along."""
    answer = await log_in(gateway, name)
    assert (answer.status_code, COOKIE in answer.cookies) == (200, False)
    return field(answer.text, "half_way")


async def show(gateway: Gateway, text: str, code: str = "", recovery: str = "") -> httpx.Response:
    form = {"half_way": text, "code": code, "recovery": recovery, "next": "/"}
    return await gateway.client.post("/log-in", data=form)


def is_in(answer: httpx.Response) -> bool:
    return answer.status_code == 303 and COOKIE in answer.cookies


# --- logging in -----------------------------------------------------------------


async def test_after_the_password_the_code_is_asked_for(gateway: Gateway) -> None:
    secret, _ = await enrolled(gateway)
    text = await half_way(gateway)
    assert (await gateway.client.get("/api/v1/me")).status_code == 401
    wrong = await show(gateway, text, code="000000")
    assert (wrong.status_code, ASKED_FOR_CODE in wrong.text) == (401, True)
    assert is_in(await show(gateway, text, code=codes(secret)[1]))
    assert (await gateway.client.get("/api/v1/me")).json()["name"] == "otto"


async def test_a_code_counts_once_at_every_gateway(gateways: tuple[Gateway, Gateway]) -> None:
    one, other = gateways
    secret, _ = await enrolled(one)
    text, code = await half_way(one), codes(secret)[1]
    assert is_in(await show(one, text, code=code))
    for gateway in (one, other):
        assert (await show(gateway, text, code=code)).status_code == 401


async def test_the_code_of_the_setting_up_is_used_up_by_it(gateway: Gateway) -> None:
    secret, _ = await enrolled(gateway)
    used = codes(secret)[0]
    assert (await show(gateway, await half_way(gateway), code=used)).status_code == 401


async def test_a_code_the_scheduler_says_was_used_lets_nobody_in(gateway: Gateway) -> None:
    secret, _ = await enrolled(gateway)
    text = await half_way(gateway)
    gateway.scheduler.outcome, gateway.scheduler.obey = "refused", lambda _: None
    assert (await show(gateway, text, code=codes(secret)[1])).status_code == 401


async def test_a_recovery_code_lets_in_once_however_it_is_typed(gateway: Gateway, access: FakeAccess) -> None:
    _, (first, *_) = await enrolled(gateway)
    text = await half_way(gateway)
    assert is_in(await show(gateway, text, recovery=f" {first.upper()} "))
    assert (await show(gateway, text, recovery=first)).status_code == 401
    factor = access.known_users["otto"].second_factor
    assert factor is not None
    assert len(factor.recovery) == totp.RECOVERY_CODES - 1


@pytest.mark.parametrize("missing", ["broker", "scheduler"])
async def test_while_the_scheduler_does_not_answer_no_code_lets_anybody_in(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Otherwise a code would be valid once at each gateway. A correct code never counts as a failure."""
    monkeypatch.setattr(second_factors, "PATIENCE", timedelta(milliseconds=1))
    secret, (recovery, *_) = await enrolled(gateway)
    text = await half_way(gateway)
    gateway.publisher.available, gateway.scheduler.silent = missing != "broker", missing == "scheduler"
    for shown in ({"recovery": recovery}, {"code": codes(secret)[1]}) * 3:
        answer = await show(gateway, text, **shown)
        assert (answer.status_code, "the scheduler does not answer" in answer.text) == (503, True)
        assert field(answer.text, "half_way") == text
    gateway.publisher.available, gateway.scheduler.silent = True, False
    assert is_in(await show(gateway, text, recovery=recovery))


async def test_nothing_typed_is_no_failure(gateway: Gateway) -> None:
    await enrolled(gateway)
    text = await half_way(gateway)
    for _ in range(9):
        answer = await show(gateway, text)
        assert (answer.status_code, ASKED_FOR_CODE in answer.text) == (200, True)


@pytest.mark.parametrize("change", ["invented", "password", "disabled"])
async def test_half_of_a_log_in_counts_only_as_long_as_what_it_stands_on(
    gateway: Gateway, access: FakeAccess, obedient: Obedient, change: str
) -> None:
    secret, _ = await enrolled(gateway)
    text = await half_way(gateway)
    otto = access.known_users["otto"]
    if change == "password":
        access.put_user(otto.model_copy(update={"sessions_from": SystemClock().now()}))
    if change == "disabled":
        access.put_user(otto.model_copy(update={"disabled": otto.created}))
    answer = await show(gateway, "invented" if change == "invented" else text, code=codes(secret)[1])
    assert (answer.status_code, 'id="log-in-password"' in answer.text) == (401, True)
    assert not any(isinstance(command.order, UseCode) for command in obedient.obeyed)


# --- guessing -------------------------------------------------------------------


async def test_right_passwords_between_wrong_codes_free_nobody_of_the_limits(gateway: Gateway) -> None:
    await enrolled(gateway)
    answers = []
    for _ in range(4):
        answer = await log_in(gateway, "otto")
        answers.append(answer.status_code)
        if answer.status_code == 200:
            answers.append((await show(gateway, field(answer.text, "half_way"), code="000000")).status_code)
    assert answers == [200, 401, 200, 401, 200, 429, 429]


async def test_ten_wrong_codes_in_an_hour_are_the_end_but_not_for_a_known_browser(gateway: Gateway) -> None:
    secret, _ = await enrolled(gateway)
    text = await half_way(gateway)
    throttle = gateway.services.access.throttle
    for number in range(10):
        throttle.failed_code("otto", f"192.0.2.{number}")
    refused = await show(gateway, text, code=codes(secret)[1])
    assert (refused.status_code, int(refused.headers["retry-after"]) > 600) == (429, True)
    cookies = await gateway.services.access.proving.cookies()
    gateway.client.cookies.set(KNOWN_COOKIE, cookies.write_known("otto"))
    assert is_in(await show(gateway, text, code=codes(secret)[1]))


async def test_wrong_codes_are_told_for_the_audit_like_wrong_passwords(gateway: Gateway) -> None:
    secret, _ = await enrolled(gateway)
    await gateway.services.access.records.run_once()
    text = await half_way(gateway)
    await show(gateway, text, code="000000")
    await show(gateway, text, code=codes(secret)[1])
    before = len(gateway.publisher.messages)
    await gateway.services.access.records.run_once()

    (message,) = gateway.publisher.messages[before:]
    told = LogInsSeen.model_validate_json(message.body).seen
    assert [(one.user, one.way, one.outcome) for one in told] == [
        ("otto", "code", "refused"),
        ("otto", "code", "done"),
    ]


# --- setting up and removing ----------------------------------------------------


async def test_what_passes_the_broker_and_is_stored_does_not_give_the_secret_away(
    gateway: Gateway, access: FakeAccess
) -> None:
    secret, recovery = await enrolled(gateway)
    sent = b"".join(message.body for message in gateway.publisher.messages)
    stored = access.known_users["otto"].model_dump_json()
    for word in (secret, *recovery):
        assert word.encode() not in sent
        assert word not in stored
    factor = access.known_users["otto"].second_factor
    assert factor is not None
    key = await access.second_factor_key()
    sealed = factor.sealed or ""
    assert Sealing(key or b"").open(sealed, "OTTO") == secret
    assert Sealing(key or b"").open(sealed, "ada") is None
    assert Sealing(bytes(32)).open(sealed, "otto") is None


async def test_a_second_factor_needs_password_and_code_to_be_set_up(
    gateway: Gateway, obedient: Obedient
) -> None:
    await log_in(gateway, "otto")
    secret, sealed = await offered(gateway)
    wrong_code = await send(gateway, FACTOR, sealed=sealed, code="000000")
    assert (wrong_code.status_code, field(wrong_code.text, "sealed")) == (422, sealed)
    code = codes(secret)[0]
    assert (await send(gateway, FACTOR, sealed=sealed, code=code, current="wrong")).status_code == 422
    assert (await send(gateway, FACTOR, sealed="invented", code=code)).status_code == 422
    assert not any(isinstance(command.order, SetSecondFactor) for command in obedient.obeyed)
    assert (await send(gateway, FACTOR, sealed=sealed, code=code)).status_code == 200


async def test_it_is_removed_by_password_and_code(gateway: Gateway, access: FakeAccess) -> None:
    _, (first, second, *_) = await enrolled(gateway)
    assert is_in(await show(gateway, await half_way(gateway), recovery=first))
    page = (await gateway.client.get("/account", headers=PAGE)).text
    assert f"{totp.RECOVERY_CODES - 1} recovery codes are left" in page
    for wrong in ({"code": "000000"}, {"code": second, "current": "wrong"}):
        assert (await send(gateway, f"{FACTOR}/remove", **wrong)).status_code == 422
    assert (await send(gateway, f"{FACTOR}/remove", code=second)).status_code == 303
    assert access.known_users["otto"].second_factor is None
    gateway.client.cookies.clear()
    assert is_in(await log_in(gateway, "otto"))


async def test_an_admin_removes_that_of_somebody_who_lost_the_device(
    gateway: Gateway, obedient: Obedient
) -> None:
    await enrolled(gateway)
    await log_in(gateway, "ada")
    proof = {"X-CSRF-Token": await csrf(gateway)}
    assert (await gateway.client.get("/api/v1/users/otto")).json()["second_factor"] is True
    assert "with second factor" in (await gateway.client.get("/users", headers=PAGE)).text
    asked = await gateway.client.get("/ui/users/otto/second-factor", headers=PAGE | {"HX-Request": "true"})
    assert "make sure that the request really comes from otto" in asked.text
    answer = await gateway.client.request(
        "DELETE", "/api/v1/users/otto/second-factor", json={"reason": "lost"}, headers=proof
    )
    assert (answer.status_code, answer.json()["user"]["second_factor"]) == (200, False)
    last = obedient.obeyed[-1]
    assert (last.order, last.actor, last.reason) == (RemoveSecondFactor(name="otto"), "ada", "lost")


async def test_who_has_no_password_here_has_no_second_factor(gateway: Gateway, access: FakeAccess) -> None:
    session = gateway.services.access.log_in.session(access.known_users["olga"])
    cookies = await gateway.services.access.proving.cookies()
    gateway.client.cookies.set(COOKIE, cookies.write(session))
    assert (await gateway.client.get(FACTOR, headers=PAGE)).status_code == 403
    assert FACTOR not in (await gateway.client.get("/account", headers=PAGE)).text
    gateway.client.cookies.clear()
    assert (await gateway.client.get(FACTOR, headers=PAGE | bearer("reader"))).status_code == 403


async def test_a_secret_nobody_can_read_any_more_leaves_the_recovery_codes(
    gateway: Gateway, access: FakeAccess
) -> None:
    secret, (first, *_) = await enrolled(gateway)
    access.factor_key = bytes(32)
    gateway.services.access.directory._factor_key = None  # as after a restart
    text = await half_way(gateway)
    assert (await show(gateway, text, code=codes(secret)[1])).status_code == 401
    assert is_in(await show(gateway, text, recovery=first))
