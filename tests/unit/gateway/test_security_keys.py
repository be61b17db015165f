"""Security keys as a second factor in whole gateways: added, required at log-in, copied, lost."""

import html
import json
import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fido2.utils import websafe_encode
from fido2.webauthn import AuthenticatorData
from tests.security_key import SoftKey

from taskmanager.messages import LogInsSeen, UseSecurityKey
from taskmanager.model.access import Role
from taskmanager.process.clock import SystemClock
from taskmanager_gateway.access.sessions import COOKIE, Session
from taskmanager_gateway.accounts.second_factor import webauthn
from taskmanager_gateway.accounts.second_factor.challenges import ChallengeTexts, Purpose
from taskmanager_gateway.accounts.second_factor.relying_party import RelyingParty, relying_party
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_testing.access import FakeAccess

from .access import PASSWORD, Obedient, csrf, log_in, user
from .conftest import Gateway
from .test_second_factor import PAGE, codes, field, half_way, is_in, offered, send

ORIGIN = "https://jobs.example.org:8443"
KEYS = "/account/security-keys"


@pytest.fixture
def settings(roots: Path, request: pytest.FixtureRequest) -> GatewaySettings:
    return GatewaySettings(roots=str(roots), public_url=getattr(request, "param", f"{ORIGIN}/"))


@pytest.fixture
def access() -> FakeAccess:
    made = FakeAccess()
    made.put_user(user("otto"))
    made.put_user(user("ada", Role.ADMIN))
    return made


@pytest.fixture(autouse=True)
def obedient(gateways: tuple[Gateway, Gateway], access: FakeAccess) -> Obedient:
    made = Obedient(access)
    gateways[0].scheduler.obey = made
    return made


def options(page: str) -> str:
    found = re.search(r'data-options="([^"]*)"', page)
    assert found, page
    return html.unescape(found[1])


async def add(gateway: Gateway, key: SoftKey, label: str = "blue key", **fields: str) -> httpx.Response:
    page = (await gateway.client.get(KEYS, headers=PAGE)).text
    answer = {"challenge": field(page, "challenge"), "key_answer": key.make(options(page))}
    return await send(gateway, KEYS, label=label, **{**answer, **fields})


async def with_key(gateway: Gateway, **more: object) -> tuple[SoftKey, list[str]]:
    """Add a security key for Otto and log him out again; returns the key and the recovery codes."""
    key = SoftKey(ORIGIN, **more)  # type: ignore[arg-type]
    await log_in(gateway, "otto")
    answer = await add(gateway, key)
    assert answer.status_code == 200, answer.text
    recovery = re.findall(r"<li>((?:[a-z2-9]{5}-){4}[a-z2-9]{5})</li>", answer.text)
    gateway.client.cookies.clear()
    return key, recovery


async def asked(gateway: Gateway) -> tuple[str, dict[str, str]]:
    """The options for the key at log-in, and the form fields that go with its answer."""
    page = (await log_in(gateway, "otto")).text
    return options(page), {name: field(page, name) for name in ("half_way", "challenge")}


async def show(gateway: Gateway, form: dict[str, str], answer: str) -> httpx.Response:
    return await gateway.client.post("/log-in", data={**form, "key_answer": answer, "next": "/"})


# --- logging in -----------------------------------------------------------------


async def test_after_the_password_the_key_is_asked_for(gateway: Gateway, access: FakeAccess) -> None:
    key, recovery = await with_key(gateway)
    assert len(recovery) == 8
    question, form = await asked(gateway)
    assert (json.loads(question)["rpId"], json.loads(question)["userVerification"]) == (
        "jobs.example.org",
        "preferred",
    )
    assert (await gateway.client.get("/api/v1/me")).status_code == 401
    stranger = await show(gateway, form, SoftKey(ORIGIN).sign(question))
    assert (stranger.status_code, "not one of yours" in stranger.text) == (401, True)
    assert is_in(await show(gateway, form, key.sign(question)))
    assert (await gateway.client.get("/api/v1/me")).json()["name"] == "otto"
    factor = access.known_users["otto"].second_factor
    assert factor is not None
    assert factor.keys[0].counter == key.counter


async def test_an_answer_counts_once_at_every_gateway(gateways: tuple[Gateway, Gateway]) -> None:
    one, other = gateways
    key, _ = await with_key(one)
    question, form = await asked(one)
    answer = key.sign(question)
    assert is_in(await show(one, form, answer))
    for gateway in (one, other):
        again = await show(gateway, form, answer)
        assert (again.status_code, "has already been used" in again.text) == (401, True)


async def test_a_key_without_a_counter_signs_a_challenge_once_as_well(gateway: Gateway) -> None:
    key, _ = await with_key(gateway, step=0)
    question, form = await asked(gateway)
    assert is_in(await show(gateway, form, key.sign(question)))
    assert (await show(gateway, form, key.sign(question))).status_code == 401
    question, form = await asked(gateway)
    assert is_in(await show(gateway, form, key.sign(question)))


async def test_a_copy_of_a_key_is_found_by_its_counter(gateway: Gateway) -> None:
    key, _ = await with_key(gateway)
    copy = SoftKey(ORIGIN, id=key.id, private=key.private)
    question, form = await asked(gateway)
    assert is_in(await show(gateway, form, key.sign(question)))
    gateway.client.cookies.clear()
    question, form = await asked(gateway)
    refused = await show(gateway, form, copy.sign(question))
    assert (refused.status_code, "it may have been copied" in refused.text) == (401, True)


async def test_either_lets_in_and_recovery_codes_stand_in_for_both(
    gateway: Gateway, access: FakeAccess
) -> None:
    key, (first, *_) = await with_key(gateway)
    assert is_in(await show_code(gateway, await half_way(gateway), recovery=first))
    secret, sealed = await offered(gateway)
    page = (await gateway.client.get("/account/second-factor", headers=PAGE)).text
    assert "recovery codes" not in page
    assert (
        await send(gateway, "/account/second-factor", sealed=sealed, code=codes(secret)[0])
    ).status_code == 303
    gateway.client.cookies.clear()
    page = (await log_in(gateway, "otto")).text
    assert 'name="code"' in page
    form = {name: field(page, name) for name in ("half_way", "challenge")}
    assert is_in(await show(gateway, form, key.sign(options(page))))
    gateway.client.cookies.clear()
    assert is_in(await show_code(gateway, await half_way(gateway), code=codes(secret)[1]))
    factor = access.known_users["otto"].second_factor
    assert factor is not None
    assert len(factor.recovery) == 7


async def show_code(gateway: Gateway, text: str, **shown: str) -> httpx.Response:
    return await gateway.client.post("/log-in", data={"half_way": text, "next": "/", **shown})


async def test_with_keys_alone_no_code_is_asked_for_and_none_counts(gateway: Gateway) -> None:
    await with_key(gateway)
    page = (await log_in(gateway, "otto")).text
    assert 'name="code"' not in page
    assert (await show_code(gateway, field(page, "half_way"), code="000000")).status_code == 401


async def test_while_the_scheduler_is_away_no_key_lets_anybody_in(gateway: Gateway) -> None:
    key, _ = await with_key(gateway)
    question, form = await asked(gateway)
    answer = key.sign(question)
    gateway.publisher.available = False
    assert (await show(gateway, form, answer)).status_code == 503
    gateway.publisher.available = True
    assert is_in(await show(gateway, form, answer))


async def test_wrong_answers_are_slowed_and_told_for_the_audit(gateway: Gateway) -> None:
    key, _ = await with_key(gateway)
    await gateway.services.access.records.run_once()
    question, form = await asked(gateway)
    answers = [(await show(gateway, form, "{}")).status_code for _ in range(6)]
    assert answers == [401, 401, 401, 401, 429, 429]
    gateway.services.access.throttle.succeeded("otto", "127.0.0.1")
    assert is_in(await show(gateway, form, key.sign(question)))
    await gateway.services.access.records.run_once()
    told = LogInsSeen.model_validate_json(gateway.publisher.messages[-1].body).seen
    assert [(one.user, one.way, one.outcome, one.times) for one in told] == [
        ("otto", "security_key", "refused", 4),
        ("otto", "security_key", "too_many", 2),
        ("otto", "security_key", "done", 1),
    ]


@pytest.mark.parametrize("change", ["other user", "other purpose", "other key", "too old", "invented"])
async def test_a_challenge_is_for_one_user_one_purpose_and_five_minutes(
    gateway: Gateway, obedient: Obedient, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    key, _ = await with_key(gateway)
    question, form = await asked(gateway)
    texts = ChallengeTexts(bytes(32) if change == "other key" else bytes(range(32)))
    purpose: Purpose = "add" if change == "other purpose" else "enter"
    value, text = texts.new("ada" if change == "other user" else "otto", purpose)
    if change == "too old":
        later = SystemClock().now().timestamp() + 301
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
        form["half_way"] = await gateway.services.access.second_factors.half_way(user("otto"))
    made = json.dumps({**json.loads(question), "challenge": websafe_encode(value)})
    form["challenge"] = "invented" if change == "invented" else text
    refused = await show(gateway, form, key.sign(made))
    assert refused.status_code == 401
    assert not any(isinstance(command.order, UseSecurityKey) for command in obedient.obeyed)


# --- what a browser may answer --------------------------------------------------

PARTY = RelyingParty("jobs.example.org", ORIGIN)
CHALLENGE = bytes(range(32))


def question() -> str:
    return webauthn.request_options(PARTY, (), CHALLENGE)


@pytest.mark.parametrize(
    "key",
    [
        SoftKey("https://jobs.example.org"),
        SoftKey("https://jobs.example.org.evil.example:8443"),
        SoftKey(ORIGIN, flags=AuthenticatorData.FLAG(0)),
    ],
    ids=["other port", "other site", "nobody touched it"],
)
def test_a_key_counts_on_our_pages_alone_and_touched(key: SoftKey) -> None:
    made = webauthn.made_key(
        PARTY, CHALLENGE, key.make(webauthn.creation_options(PARTY, "otto", b"h", (), CHALLENGE))
    )
    assert made is None


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
async def test_whatever_is_changed_the_signature_is_wrong(
    gateway: Gateway, access: FakeAccess, part: str
) -> None:
    key, _ = await with_key(gateway)
    factor = access.known_users["otto"].second_factor
    assert factor is not None
    answer = json.loads(key.sign(question()))
    assert webauthn.signing_key(PARTY, CHALLENGE, factor.keys, json.dumps(answer)) is not None
    text = answer["response"][part]
    answer["response"][part] = text[:-8] + ("AAAAAAAA" if text[-8:] != "AAAAAAAA" else "BBBBBBBB")
    assert webauthn.signing_key(PARTY, CHALLENGE, factor.keys, json.dumps(answer)) is None


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"id": 7}',
        "[" * 9_000,
        '{"rawId": "YQ", "response": {"clientDataJSON": "e30"}}',
    ],
)
def test_what_is_no_answer_is_none(answer: str) -> None:
    assert webauthn.made_key(PARTY, CHALLENGE, answer) is None
    assert webauthn.signing_key(PARTY, CHALLENGE, (), answer) is None


@pytest.mark.parametrize("data", [b"", b"\x81" * 6_000, b"\x9b" + b"\xff" * 8, b"\xa1\x01", b"\xff"])
def test_attestations_that_are_none_make_no_key(data: bytes) -> None:
    key = SoftKey(ORIGIN)
    answer = json.loads(key.make(webauthn.creation_options(PARTY, "otto", b"h", (), CHALLENGE)))
    answer["response"]["attestationObject"] = websafe_encode(data)
    assert webauthn.made_key(PARTY, CHALLENGE, json.dumps(answer)) is None


@pytest.mark.parametrize(
    ("address", "party"),
    [
        ("https://Jobs.example.org", RelyingParty("jobs.example.org", "https://jobs.example.org")),
        ("https://jobs.example.org:443/", RelyingParty("jobs.example.org", "https://jobs.example.org")),
        (ORIGIN, PARTY),
        ("https://bücher.example", RelyingParty("xn--bcher-kva.example", "https://xn--bcher-kva.example")),
        ("http://localhost:8080", RelyingParty("localhost", "http://localhost:8080")),
        ("http://jobs.example.org", None),
        ("http://localhost.example.org", None),
        ("https://192.0.2.7", None),
        ("https://[2001:db8::7]:8080", None),
        ("", None),
    ],
)
def test_keys_need_https_and_a_name_but_for_this_machine(address: str, party: RelyingParty | None) -> None:
    assert relying_party(address) == party


# --- adding and removing --------------------------------------------------------


async def test_a_key_needs_the_password_and_its_own_answer(gateway: Gateway, access: FakeAccess) -> None:
    await log_in(gateway, "otto")
    key = SoftKey(ORIGIN)
    assert (await add(gateway, key, current="wrong")).status_code == 422
    assert (await add(gateway, key, key_answer="{}")).status_code == 422
    assert (await add(gateway, key, challenge="invented")).status_code == 422
    assert access.known_users["otto"].second_factor is None
    assert (await add(gateway, key)).status_code == 200
    named = await add(gateway, SoftKey(ORIGIN))
    assert (named.status_code, "choose another name" in named.text) == (409, True)
    assert (await add(gateway, SoftKey(ORIGIN), "office phone")).status_code == 303
    page = (await gateway.client.get(KEYS, headers=PAGE)).text
    assert len(json.loads(options(page))["excludeCredentials"]) == 2
    shown = (await gateway.client.get("/account", headers=PAGE)).text
    assert ("blue key" in shown, "office phone" in shown) == (True, True)


async def test_two_users_have_handles_of_their_own_that_name_nobody(gateway: Gateway) -> None:
    handles = []
    for name in ("otto", "ada"):
        await log_in(gateway, name)
        page = (await gateway.client.get(KEYS, headers=PAGE)).text
        handles.append(json.loads(options(page))["user"]["id"])
        gateway.client.cookies.clear()
    assert len(set(handles)) == 2
    assert websafe_encode(b"otto") not in handles


async def test_a_key_is_removed_by_the_password_and_lets_nobody_in_after_that(
    gateway: Gateway, access: FakeAccess
) -> None:
    key, _ = await with_key(gateway)
    question, form = await asked(gateway)
    held = await asked(gateway)
    assert is_in(await show(gateway, form, key.sign(question)))
    shown = (await gateway.client.get("/account", headers=PAGE)).text
    address = re.search(rf'href="({KEYS}/remove\?key=[^"]*)"', shown)
    assert address
    page = (await gateway.client.get(html.unescape(address[1]), headers=PAGE)).text
    assert "your password alone lets you in" in page
    name = field(page, "key")
    assert (await send(gateway, f"{KEYS}/remove", key=name, current="wrong")).status_code == 422
    assert (await send(gateway, f"{KEYS}/remove", key=name)).status_code == 303
    assert access.known_users["otto"].second_factor is None
    assert (await show(gateway, held[1], key.sign(held[0]))).status_code == 401
    gateway.client.cookies.clear()
    assert is_in(await log_in(gateway, "otto"))


async def test_who_has_a_second_factor_shows_it_lately_to_change_it(
    gateway: Gateway, access: FakeAccess
) -> None:
    await with_key(gateway)
    otto = access.known_users["otto"]
    session = Session.begin("otto", SystemClock().now() - timedelta(hours=1))
    cookies = await gateway.services.access.proving.cookies()
    gateway.client.cookies.set(COOKIE, cookies.write(session))
    for address in (KEYS, "/account/second-factor", f"{KEYS}/remove?key=abc"):
        led = await gateway.client.get(address, headers=PAGE)
        assert (led.status_code, led.headers["location"].split("?")[0]) == (303, "/log-in")
    form = {"csrf": await csrf(gateway), "current": PASSWORD, "label": "other"}
    assert (await gateway.client.post(KEYS, data=form, headers=PAGE)).status_code == 401
    assert access.known_users["otto"] == otto


@pytest.mark.parametrize("settings", ["http://jobs.example.org"], indirect=True)
async def test_without_https_no_key_is_offered_and_it_is_said_why(gateway: Gateway) -> None:
    await log_in(gateway, "otto")
    shown = (await gateway.client.get("/account", headers=PAGE)).text
    assert ("Security keys are not offered here" in shown, KEYS in shown) == (True, False)
    page = await gateway.client.get(KEYS, headers=PAGE)
    assert (page.status_code, "TASKMANAGER_PUBLIC_URL" in page.text) == (200, True)
    assert "data-options" not in page.text
    posted = await send(gateway, KEYS, label="any", challenge="x", key_answer="{}")
    assert posted.status_code == 403
