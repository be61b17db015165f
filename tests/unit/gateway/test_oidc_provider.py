"""What is made of a provider's answers; its network is a table."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from taskmanager.model.reasons.oidc_refusals import OidcRefusal
from taskmanager_gateway.accounts.oidc.attempt import LogInAttempt
from taskmanager_gateway.accounts.oidc.log_in import _check_answer
from taskmanager_gateway.accounts.oidc.provider import Description, Provider, Tokens, _answer
from taskmanager_gateway.accounts.oidc.refusals import OidcError, RefusalPage

from .test_oidc import ISSUER, KEY, OTHER, settings, signed

BACK = "https://jobs.example.org/log-in/oidc/back"
DESCRIPTION = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth?kc=1",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
}


def key_document(kid: str, key: Any = KEY) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()

    def text(number: int) -> str:
        return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).rstrip(b"=").decode()

    return {"keys": [{"kty": "RSA", "kid": kid, "n": text(numbers.n), "e": text(numbers.e)}]}


@dataclass
class Network:
    """Answers by the end of the path; what was asked is kept."""

    answers: dict[str, tuple[int, dict[str, Any]]]
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        status, document = self.answers[request.url.path.rpartition("/")[2]]
        return httpx.Response(status, json=document)

    def paths(self) -> list[str]:
        return [request.url.path.rpartition("/")[2] for request in self.asked]


@dataclass
class Case:
    network: Network
    provider: Provider


def case(
    monkeypatch: pytest.MonkeyPatch, description: Mapping[str, Any] = DESCRIPTION, **fields: Any
) -> Case:
    network = Network({"openid-configuration": (200, dict(description)), "keys": (200, key_document("one"))})
    provider = Provider(settings(**fields))

    async def call(request: httpx.Request, auth: httpx.Auth | None = None) -> tuple[int, dict[str, Any]]:
        async with httpx.AsyncClient(transport=httpx.MockTransport(network)) as client:
            return await _answer(await client.send(request, auth=auth))

    monkeypatch.setattr(provider, "_call", call)
    return Case(network, provider)


def attempt() -> LogInAttempt:
    return LogInAttempt.begin(b"k" * 32, "/")


async def test_the_browser_takes_along_what_binds_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = attempt()
    address = await case(monkeypatch).provider.authorization_address(begun, BACK)
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert query["kc"] == "1"
    assert (query["state"], query["nonce"], query["redirect_uri"]) == (begun.state, begun.nonce, BACK)
    assert (query["code_challenge"], query["code_challenge_method"]) == (begun.challenge, "S256")
    assert begun.verifier not in address


@pytest.mark.parametrize(
    ("fields", "methods", "shown"),
    [
        ({}, None, {"client_id": "taskmanager"}),
        ({"oidc_client_secret": "a:b/c"}, None, {"basic": "taskmanager:a%3Ab%2Fc"}),
        (
            {"oidc_client_secret": "a:b/c"},
            ["client_secret_post"],
            {"client_id": "taskmanager", "client_secret": "a:b/c"},
        ),
    ],
)
async def test_a_code_is_redeemed_with_the_verifier_and_by_the_means_the_provider_takes(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], methods: list[str] | None, shown: dict[str, str]
) -> None:
    more = {"token_endpoint_auth_methods_supported": methods} if methods else {}
    made, begun = case(monkeypatch, {**DESCRIPTION, **more}, **fields), attempt()
    document = {"id_token": signed(nonce=begun.nonce), "access_token": "at"}
    made.network.answers["token"] = (200, document)
    tokens = await made.provider.redeem("the code", begun, BACK)
    assert tokens.claims["sub"] == "4711"
    request = made.network.asked[1]
    form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
    basic = request.headers.get("authorization", "").removeprefix("Basic ")
    proof = {"basic": base64.b64decode(basic).decode()} if basic else {}
    assert {**proof, **form} == {
        "grant_type": "authorization_code",
        "code": "the code",
        "redirect_uri": BACK,
        "code_verifier": begun.verifier,
        **shown,
    }


async def test_an_unknown_key_is_looked_for_once_more_and_then_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, begun = case(monkeypatch), attempt()
    first = {"id_token": signed(nonce=begun.nonce), "access_token": "at"}
    made.network.answers["token"] = (200, first)
    await made.provider.redeem("code", begun, BACK)
    turned = {"id_token": signed(OTHER, kid="two", nonce=begun.nonce), "access_token": "at"}
    made.network.answers["token"] = (200, turned)
    with pytest.raises(OidcError) as caught:
        await made.provider.redeem("code", begun, BACK)
    assert caught.value.refusal is OidcRefusal.TOKEN_UNKNOWN_KEY
    made.network.answers["keys"] = (200, key_document("two", OTHER))
    assert (await made.provider.redeem("code", begun, BACK)).access == "at"
    assert made.network.paths().count("keys") == 3
    assert made.network.paths().count("openid-configuration") == 1


@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        ((400, {"error": "invalid_grant"}), OidcRefusal.CODE_REFUSED),
        ((401, {"error": "invalid_client"}), OidcRefusal.CLIENT_REFUSED),
        ((503, {}), OidcRefusal.CLIENT_REFUSED),
        ((200, {"access_token": "at"}), OidcRefusal.NO_ID_TOKEN),
    ],
)
async def test_a_code_that_is_worth_nothing(
    monkeypatch: pytest.MonkeyPatch, token: tuple[int, dict[str, Any]], refusal: OidcRefusal
) -> None:
    made = case(monkeypatch)
    made.network.answers["token"] = token
    with pytest.raises(OidcError) as caught:
        await made.provider.redeem("a secret code", attempt(), BACK)
    assert caught.value.refusal is refusal
    assert "a secret code" not in str(caught.value)


WRONG: dict[str, tuple[dict[str, Any], OidcRefusal]] = {
    "another issuer": ({"issuer": ISSUER + "/"}, OidcRefusal.METADATA_ISSUER),
    "no token endpoint": ({"token_endpoint": None}, OidcRefusal.BAD_METADATA),
    "an address anybody can read": (
        {"token_endpoint": "http://id.example.org/token"},
        OidcRefusal.METADATA_NOT_HTTPS,
    ),
}


@pytest.mark.parametrize(("changes", "refusal"), WRONG.values(), ids=WRONG)
async def test_a_description_that_is_not_right_is_not_used(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], refusal: OidcRefusal
) -> None:
    with pytest.raises(OidcError) as caught:
        await case(monkeypatch, {**DESCRIPTION, **changes}).provider.description()
    assert (caught.value.refusal, caught.value.page) == (refusal, RefusalPage.PROVIDER_AWAY)


async def test_user_info_adds_claims_and_changes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    made = case(monkeypatch)
    told = {"sub": "4711", "groups": ["tm-admins"], "preferred_username": "eve"}
    made.network.answers["userinfo"] = (200, told)
    tokens = Tokens("at", {"sub": "4711", "preferred_username": "anna"})
    found = await made.provider.more_claims(tokens)
    assert (found["groups"], found["preferred_username"]) == (["tm-admins"], "anna")
    assert made.network.asked[-1].headers["authorization"] == "Bearer at"
    made.network.answers["userinfo"] = (200, {**told, "sub": "666"})
    with pytest.raises(OidcError) as caught:
        await made.provider.more_claims(tokens)
    assert caught.value.refusal is OidcRefusal.OTHER_PERSON


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"state": "x"}, OidcRefusal.OTHER_STATE),
        ({"state": ""}, OidcRefusal.OTHER_STATE),
        ({"iss": "https://evil.example.org"}, OidcRefusal.OTHER_ISSUER),
        ({"error": "access_denied"}, OidcRefusal.DENIED),
        ({"code": ""}, OidcRefusal.NO_CODE),
    ],
)
def test_an_answer_that_does_not_fit_ends_the_log_in(changes: dict[str, str], refusal: OidcRefusal) -> None:
    begun = attempt()
    right = {"state": begun.state, "code": "code"}
    plain = Description.model_validate(DESCRIPTION)
    strict = plain.model_copy(update={"authorization_response_iss_parameter_supported": True})
    _check_answer(right, begun, plain)
    _check_answer({**right, "iss": ISSUER}, begun, strict)
    with pytest.raises(OidcError):
        _check_answer(right, begun, strict)
    with pytest.raises(OidcError) as caught:
        _check_answer({**right, **changes}, begun, plain)
    assert caught.value.refusal is refusal
