"""HTTP with the identity provider: its metadata, its keys, the token for a code, and UserInfo.

httpx is a dependency already; Authlib's client on top of it warns that httpx is deprecated in favour of its
successor httpx2, which nothing else here uses yet. Redirects are never followed, and nothing of an answer is
quoted but its error code.
"""

import asyncio
import json
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
import jwt
from pydantic import BaseModel, ConfigDict, ValidationError

from taskmanager.model.reasons.oidc_refusals import OidcRefusal
from taskmanager_gateway.access.oidc_settings import OidcSettings
from taskmanager_gateway.accounts.oidc.attempt import LogInAttempt
from taskmanager_gateway.accounts.oidc.id_token import Expected, UnknownKeyError, verified_claims
from taskmanager_gateway.accounts.oidc.refusals import OidcError

CALL_TIME = timedelta(seconds=8)
FRESH = timedelta(hours=1)
"""How long the metadata and keys are used before they are fetched again."""
LIMIT_BYTES = 1024 * 1024
BAD_REQUEST = 400

logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every request


class Description(BaseModel):
    """What OpenID Connect Discovery 1.0 calls provider metadata, as far as it is used here."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False

    def addresses(self) -> list[str]:
        """All endpoints that requests go to."""
        all_of_them = (
            self.authorization_endpoint,
            self.token_endpoint,
            self.jwks_uri,
            self.userinfo_endpoint,
        )
        return [address for address in all_of_them if address]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code was exchanged for."""

    access: str
    claims: dict[str, Any]


class Provider:
    """The identity provider; every method may raise OidcError."""

    def __init__(self, settings: OidcSettings) -> None:
        """Makes no request yet; raises OSError if the CA file cannot be read."""
        self._issuer = settings.oidc_issuer
        self._id, self._secret = settings.oidc_client_id, settings.oidc_client_secret
        self._tls = ssl.create_default_context()
        if settings.oidc_ca_file is not None:
            self._tls.load_verify_locations(settings.oidc_ca_file)
        self._description: tuple[Description, float] | None = None
        self._keys: tuple[jwt.PyJWKSet, float] | None = None

    async def description(self) -> Description:
        """The provider's metadata."""
        if self._description is None or _stale(self._description[1]):
            document = await self._get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            self._description = self._checked(document), time.monotonic()
        return self._description[0]

    async def authorization_address(self, attempt: LogInAttempt, redirect_uri: str) -> str:
        """The address where the browser goes to log in."""
        address = (await self.description()).authorization_endpoint
        query = {
            "response_type": "code",
            "client_id": self._id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile email",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    async def redeem(self, code: str, attempt: LogInAttempt, redirect_uri: str) -> Tokens:
        """Exchange the code for tokens, verified."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        answer = await self._post(form)
        token, access = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str) or not isinstance(access, str):
            raise OidcError(OidcRefusal.NO_ID_TOKEN, "the token endpoint sent no ID token")
        return Tokens(access, await self._verified(token, Expected(self._issuer, self._id, attempt.nonce)))

    async def more_claims(self, tokens: Tokens) -> dict[str, Any]:
        """The claims of the UserInfo endpoint, completed and overridden by those of the token."""
        address = (await self.description()).userinfo_endpoint
        if address is None:
            return tokens.claims
        told = await self._get(address, {"Authorization": f"Bearer {tokens.access}"})
        if told.get("sub") != tokens.claims["sub"]:
            raise OidcError(OidcRefusal.OTHER_PERSON, "the user info is about somebody else")
        return {**told, **tokens.claims}

    async def _verified(self, token: str, expected: Expected) -> dict[str, Any]:
        """The token's claims; for an unknown key, fetch the keys once more: providers rotate theirs."""
        try:
            return verified_claims(token, await self._known_keys(), expected)
        except UnknownKeyError:
            self._keys = None
        try:
            return verified_claims(token, await self._known_keys(), expected)
        except UnknownKeyError as error:
            raise OidcError(OidcRefusal.TOKEN_UNKNOWN_KEY, str(error)) from error

    async def _known_keys(self) -> jwt.PyJWKSet:
        if self._keys is None or _stale(self._keys[1]):
            document = await self._get((await self.description()).jwks_uri)
            try:
                self._keys = jwt.PyJWKSet.from_dict(document), time.monotonic()
            except (jwt.PyJWTError, AttributeError, TypeError) as error:
                raise OidcError(OidcRefusal.NO_KEYS, "there is no usable key at jwks_uri") from error
        return self._keys[0]

    def _checked(self, document: Mapping[str, Any]) -> Description:
        try:
            found = Description.model_validate(document)
        except ValidationError as error:
            fields = ", ".join(str(one["loc"][0]) for one in error.errors())
            detail = f"its metadata lack, or have wrong: {fields}"
            raise OidcError(OidcRefusal.BAD_METADATA, detail) from error
        if found.issuer != self._issuer:
            detail = f"its metadata say the issuer is {found.issuer[:200]!r}: set exactly that"
            raise OidcError(OidcRefusal.METADATA_ISSUER, detail)
        if self._issuer.startswith("https:") and any(
            urlsplit(a).scheme != "https" for a in found.addresses()
        ):
            detail = "its metadata name an address that is not https"
            raise OidcError(OidcRefusal.METADATA_NOT_HTTPS, detail)
        return found

    async def _get(self, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        status, document = await self._call(httpx.Request("GET", address, headers=headers))
        if status >= BAD_REQUEST:
            raise OidcError(OidcRefusal.ERROR_STATUS, f"{_plain(address)} answers {status}")
        return document

    async def _post(self, form: dict[str, str]) -> dict[str, Any]:
        """Redeem the code, authenticating by a method that the provider supports."""
        found, auth = await self.description(), None
        if self._secret is None:
            form["client_id"] = self._id
        elif "client_secret_basic" in found.token_endpoint_auth_methods_supported:
            auth = httpx.BasicAuth(quote_plus(self._id), quote_plus(self._secret.get_secret_value()))
        else:
            form |= {"client_id": self._id, "client_secret": self._secret.get_secret_value()}
        status, document = await self._call(httpx.Request("POST", found.token_endpoint, data=form), auth)
        if status < BAD_REQUEST:
            return document
        said = _code(document.get("error"))
        refusal = OidcRefusal.CODE_REFUSED if said == "invalid_grant" else OidcRefusal.CLIENT_REFUSED
        raise OidcError(refusal, f"the token endpoint answers {status} {said}")

    async def _call(
        self, request: httpx.Request, auth: httpx.Auth | None = None
    ) -> tuple[int, dict[str, Any]]:
        request.headers.update({"Accept": "application/json", "User-Agent": "goobi-taskmanager"})
        try:
            async with (
                asyncio.timeout(CALL_TIME.total_seconds()),
                httpx.AsyncClient(verify=self._tls, trust_env=False, follow_redirects=False) as client,
            ):
                return await _answer(await client.send(request, stream=True, auth=auth))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            what = str(error) or type(error).__name__
            detail = f"no answer from {_plain(str(request.url))}: {what}"
            raise OidcError(OidcRefusal.NO_ANSWER, detail) from error


async def _answer(response: httpx.Response) -> tuple[int, dict[str, Any]]:
    """Status and JSON object; for an error status anything else counts as an empty object."""
    read = bytearray()
    async for chunk in response.aiter_bytes():
        read += chunk
        if len(read) > LIMIT_BYTES:
            detail = f"the answer of {_plain(str(response.url))} is too long"
            raise OidcError(OidcRefusal.TOO_LONG, detail)
    try:
        document = json.loads(read)
    except ValueError:
        document = None
    if isinstance(document, dict):
        return response.status_code, document
    if response.status_code < BAD_REQUEST:
        detail = f"{_plain(str(response.url))} answers {response.status_code} without a JSON object"
        raise OidcError(OidcRefusal.NOT_JSON, detail)
    return response.status_code, {}


def _stale(at: float) -> bool:
    return timedelta(seconds=time.monotonic() - at) >= FRESH


def _plain(address: str) -> str:
    """The address without its query: nothing that may be secret goes into the log."""
    return address.partition("?")[0]


def _code(error: object) -> str:
    """The provider's error code if it is a valid one (RFC 6749, 5.2), otherwise empty."""
    text = error if isinstance(error, str) else ""
    return text[:60] if text.isascii() and text.isprintable() else ""
