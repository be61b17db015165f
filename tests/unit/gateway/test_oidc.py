"""OpenID Connect without a provider: claims, ID tokens, what the browser keeps, and who is let in."""

import base64
import hashlib
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from pydantic import ValidationError

from taskmanager.messages import AddUser, ChangeUser, Command
from taskmanager.model.access import Role, User
from taskmanager.model.jobs import Attribution
from taskmanager.model.reasons.oidc_refusals import OidcRefusal
from taskmanager_gateway.access.oidc_settings import OidcSettings
from taskmanager_gateway.accounts.oidc.attempt import LogInAttempt
from taskmanager_gateway.accounts.oidc.id_token import Expected, UnknownKeyError, verified_claims
from taskmanager_gateway.accounts.oidc.identity import ProviderIdentity, identity_of, lacks
from taskmanager_gateway.accounts.oidc.provisioning import UserProvisioning
from taskmanager_gateway.accounts.oidc.refusals import OidcError, RefusalPage
from taskmanager_testing.access import FakeAccess

from .access import BEGIN, NOTE, user
from .conftest import Gateway

ISSUER = "https://id.example.org/realms/library"
EXPECTED = Expected(ISSUER, "taskmanager", "the-nonce")
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS = jwt.PyJWKSet.from_dict(
    {"keys": [{**RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "one", "use": "sig"}]}
)


def settings(**fields: Any) -> OidcSettings:
    made = {"oidc_issuer": ISSUER, "oidc_client_id": "taskmanager", "oidc_admin_group": "tm-admins"}
    return OidcSettings(
        **{**made, "oidc_operator_group": "tm-operators", "oidc_viewer_group": "tm-viewers", **fields}
    )


def signed(key: Any = KEY, *, kid: str | None = "one", algorithm: str = "RS256", **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": "4711",
        "aud": "taskmanager",
        "iat": now,
        "exp": now + 300,
        "nonce": "the-nonce",
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm, headers={"kid": kid} if kid else None)


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["tm-viewers"], Role.VIEWER),
        ("tm-operators", Role.OPERATOR),
        (["others", "tm-viewers", "tm-admins"], Role.ADMIN),
    ],
)
def test_the_mightiest_group_gives_the_role(groups: object, role: Role) -> None:
    found = identity_of({"preferred_username": "anna", "groups": groups}, settings())
    assert found == ProviderIdentity("anna", role)


@pytest.mark.parametrize(
    "groups", [None, [], ["tm-viewer"], ["TM-ADMINS"], {"tm-admins": True}, [["tm-admins"]], 7]
)
def test_without_a_group_that_counts_nobody_gets_in(groups: object) -> None:
    with pytest.raises(OidcError) as caught:
        identity_of({"preferred_username": "anna", "groups": groups}, settings())
    assert (caught.value.refusal, caught.value.name) == (OidcRefusal.NO_GROUP, "anna")


def test_a_group_that_is_not_set_is_nobodys() -> None:
    with pytest.raises(OidcError):
        identity_of({"preferred_username": "anna", "groups": [""]}, settings(oidc_viewer_group=""))


@pytest.mark.parametrize("name", [None, "", "anna meier", "token:goobi", "a/b", 7, "x" * 81, ["anna"]])
def test_a_name_that_does_not_fit_is_refused(name: object) -> None:
    with pytest.raises(OidcError) as caught:
        identity_of({"preferred_username": name, "groups": ["tm-admins"]}, settings())
    assert caught.value.refusal is OidcRefusal.NO_NAME


@pytest.mark.parametrize(
    ("told", "plugins"),
    [("*", None), (["jp2", "shell"], ("jp2", "shell")), (["jp2", "Not A Plugin"], ("jp2",)), (None, ())],
)
def test_plugins_are_those_the_provider_names(told: object, plugins: tuple[str, ...] | None) -> None:
    claims = {"preferred_username": "anna", "groups": "tm-viewers", "tm": {"plugins": told}}
    found = identity_of(claims, settings(oidc_plugins_claim="tm.plugins"))
    assert (found.plugins, found.plugins_told) == (plugins, True)


def test_claims_may_stand_deeper_or_have_dots_in_their_names() -> None:
    chosen = settings(oidc_role_claim="realm_access.roles", oidc_user_claim="https://example.org/name")
    claims = {"realm_access": {"roles": ["tm-viewers"]}, "https://example.org/name": "anna"}
    assert identity_of(claims, chosen).role is Role.VIEWER
    assert not lacks(claims, chosen)
    assert lacks({"realm_access": {}}, chosen)


def test_a_good_token_tells_its_claims() -> None:
    assert verified_claims(signed(), KEYS, EXPECTED)["sub"] == "4711"
    assert verified_claims(signed(kid=None), KEYS, EXPECTED)["sub"] == "4711"
    assert verified_claims(signed(exp=int(time.time()) - 50), KEYS, EXPECTED)["sub"] == "4711"
    assert verified_claims(signed(algorithm="PS256"), KEYS, EXPECTED)["sub"] == "4711"
    party: dict[str, Any] = {"aud": ["taskmanager", "wiki"], "azp": "taskmanager"}
    assert verified_claims(signed(**party), KEYS, EXPECTED)["sub"] == "4711"


BAD: dict[str, tuple[dict[str, Any], OidcRefusal]] = {
    "foreign issuer": ({"iss": "https://evil.example.org"}, OidcRefusal.TOKEN_ISSUER),
    "foreign audience": ({"aud": "wiki"}, OidcRefusal.TOKEN_AUDIENCE),
    "several audiences and no party": ({"aud": ["taskmanager", "wiki"]}, OidcRefusal.TOKEN_AUDIENCE),
    "foreign party": ({"azp": "wiki"}, OidcRefusal.TOKEN_AUDIENCE),
    "foreign nonce": ({"nonce": "another"}, OidcRefusal.TOKEN_NONCE),
    "no nonce": ({"nonce": None}, OidcRefusal.TOKEN_NONCE),
    "expired": ({"exp": 1_700_000_000}, OidcRefusal.TOKEN_EXPIRED),
    "from the future": ({"iat": 4_000_000_000}, OidcRefusal.TOKEN_EARLY),
    "no subject": ({"sub": None}, OidcRefusal.TOKEN_INVALID),
    "no end": ({"exp": None}, OidcRefusal.TOKEN_INVALID),
    "another signature": ({"key": OTHER}, OidcRefusal.TOKEN_SIGNATURE),
    "another signature, no key named": ({"key": OTHER, "kid": None}, OidcRefusal.TOKEN_SIGNATURE),
    "a secret as signature": ({"key": "x" * 64, "algorithm": "HS256"}, OidcRefusal.TOKEN_NOT_SIGNED),
    "no signature": ({"key": None, "algorithm": "none"}, OidcRefusal.TOKEN_NOT_SIGNED),
}


@pytest.mark.parametrize(("changes", "refusal"), BAD.values(), ids=BAD)
def test_a_token_that_proves_nothing_is_refused(changes: dict[str, Any], refusal: OidcRefusal) -> None:
    with pytest.raises(OidcError) as caught:
        verified_claims(signed(**changes), KEYS, EXPECTED)
    assert (caught.value.refusal, caught.value.page) == (refusal, RefusalPage.NOT_PROVED)


def test_garbage_is_refused_and_an_unknown_key_is_told() -> None:
    with pytest.raises(OidcError):
        verified_claims("no token", KEYS, EXPECTED)
    with pytest.raises(UnknownKeyError):
        verified_claims(signed(kid="two"), KEYS, EXPECTED)


def test_any_gateway_with_the_key_reads_an_attempt_and_nobody_else() -> None:
    begun = LogInAttempt.begin(b"k" * 32, "/runners")
    read = LogInAttempt.read(b"k" * 32, begun.write())
    assert read is not None
    assert (read.target, read.state, read.nonce) == ("/runners", begun.state, begun.nonce)
    digest = hashlib.sha256(read.verifier.encode()).digest()
    assert base64.urlsafe_b64decode(begun.challenge + "=") == digest
    assert len({begun.state, begun.nonce, begun.verifier}) == 3
    assert len(begun.verifier) >= 43
    for secret in (begun.verifier, begun.nonce, begun.state):
        assert secret not in begun.write()
    assert LogInAttempt.read(b"x" * 32, begun.write()) is None
    assert LogInAttempt.read(b"k" * 32, begun.write()[:-2]) is None


WRONG = {
    "TASKMANAGER_OIDC_ISSUER": {"oidc_issuer": "http://id.example.org"},
    "TASKMANAGER_OIDC_CLIENT_ID": {"oidc_client_id": ""},
    "name one at least": {"oidc_admin_group": "", "oidc_operator_group": "", "oidc_viewer_group": ""},
    "TASKMANAGER_PUBLIC_URL": {"public_url": "jobs.example.org"},
}


@pytest.mark.parametrize(("said", "fields"), WRONG.items(), ids=WRONG)
def test_a_wrong_setting_is_named_and_no_secret_is(said: str, fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(oidc_client_secret="very secret", **fields)
    assert said in str(caught.value)
    assert "very secret" not in str(caught.value)


def known(gateway: Gateway) -> FakeAccess:
    found = gateway.services.access.reader
    assert isinstance(found, FakeAccess)
    return found


def entering(gateway: Gateway) -> UserProvisioning:
    access = gateway.services.access
    return UserProvisioning(access.log_in, gateway.services.commanding, access.directory)


def obedient(access: FakeAccess, command: Command) -> None:
    order = command.order
    if isinstance(order, AddUser):
        made = {"name": order.name, "role": order.role, "plugins": order.plugins}
        access.put_user(User(**made, sessions_from=BEGIN, created=NOTE))
    if isinstance(order, ChangeUser):
        before = access.known_users[order.name]
        plugins = None if order.plugins == "all" else order.plugins or before.plugins
        changes = {"role": order.role or before.role, "plugins": plugins}
        access.put_user(before.model_copy(update=changes))


async def test_somebody_new_is_added_and_later_changed(gateway: Gateway) -> None:
    access = known(gateway)
    gateway.scheduler.obey = lambda command: obedient(access, command)
    first = await entering(gateway).enter(ProviderIdentity("anna", Role.VIEWER))
    second = await entering(gateway).enter(ProviderIdentity("anna", Role.VIEWER))
    third = await entering(gateway).enter(ProviderIdentity("anna", Role.ADMIN, ("jp2",), plugins_told=True))
    fourth = await entering(gateway).enter(ProviderIdentity("anna", Role.ADMIN, None, plugins_told=True))
    assert first == second
    assert (third.role, third.plugins, fourth.plugins) == (Role.ADMIN, ("jp2",), None)
    commands = gateway.scheduler.commands
    assert [type(one.order) for one in commands] == [AddUser, ChangeUser, ChangeUser]
    assert {(one.actor, one.reason) for one in commands} == {("oidc:anna", "OpenID Connect")}
    assert isinstance(commands[0].order, AddUser)
    assert commands[0].order.password_hash is None


async def test_plugins_an_admin_set_stay_where_the_provider_has_no_say(gateway: Gateway) -> None:
    known(gateway).put_user(user("anna", Role.VIEWER, password_hash=None, plugins=("jp2",)))
    entered = await entering(gateway).enter(ProviderIdentity("anna", Role.VIEWER))
    assert entered.plugins == ("jp2",)
    assert gateway.scheduler.commands == []


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({}, OidcRefusal.LOCAL_USER),
        ({"password_hash": None, "disabled": Attribution(by="root", at=BEGIN)}, OidcRefusal.DISABLED),
    ],
)
async def test_who_is_disabled_or_has_a_password_is_left_alone(
    gateway: Gateway, fields: dict[str, Any], refusal: OidcRefusal
) -> None:
    known(gateway).put_user(user("anna", Role.VIEWER, **fields))
    with pytest.raises(OidcError) as caught:
        await entering(gateway).enter(ProviderIdentity("ANNA", Role.ADMIN))
    assert caught.value.refusal is refusal
    assert gateway.scheduler.commands == []


async def test_the_last_admin_is_told_why_the_role_stays(gateway: Gateway) -> None:
    known(gateway).put_user(user("anna", Role.ADMIN, password_hash=None))
    gateway.scheduler.outcome, gateway.scheduler.detail = "refused", "anna is the last enabled admin"
    with pytest.raises(OidcError) as caught:
        await entering(gateway).enter(ProviderIdentity("anna", Role.VIEWER))
    assert caught.value.refusal is OidcRefusal.LAST_ADMIN


async def test_without_the_broker_only_who_needs_no_change_gets_in(gateway: Gateway) -> None:
    known(gateway).put_user(user("anna", Role.VIEWER, password_hash=None))
    gateway.publisher.available = False
    assert (await entering(gateway).enter(ProviderIdentity("anna", Role.VIEWER))).name == "anna"
    for stranger in (ProviderIdentity("anna", Role.OPERATOR), ProviderIdentity("berta", Role.VIEWER)):
        with pytest.raises(OidcError) as caught:
            await entering(gateway).enter(stranger)
        assert caught.value.refusal is OidcRefusal.BROKER_AWAY


async def test_a_change_the_scheduler_has_not_done_yet_lets_nobody_in_and_is_sent_once(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskmanager_gateway.commands.service.RESULT_TIME", timedelta(milliseconds=50))
    gateway.scheduler.silent = True
    with pytest.raises(OidcError) as caught:
        await entering(gateway).enter(ProviderIdentity("anna", Role.VIEWER))
    assert caught.value.refusal is OidcRefusal.NOT_DONE_YET
    assert len(gateway.scheduler.commands) == 1


async def test_without_settings_there_is_neither_button_nor_address(gateway: Gateway) -> None:
    assert "/log-in/oidc" not in (await gateway.client.get("/log-in")).text
    for address in ("/log-in/oidc", "/log-in/oidc/back?code=x&state=y"):
        assert (await gateway.client.get(address)).status_code == 404
