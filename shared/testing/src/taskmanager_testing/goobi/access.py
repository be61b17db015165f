"""Who may do what at the fake Goobi: the rules of `goobi_webapi.xml` and `goobi_rest.xml`. Knows no HTTP.

The two differ: the classic web API compares the start of the caller's address and requires IPv4 text, the
REST interface uses netmasks and accepts three kinds of credentials.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

TOKEN = "fake-goobi-token"  # noqa: S105 - of a fake
API_TOKEN = "fake-goobi-api-token"  # noqa: S105 - of a fake
JWT_SECRET = "fake-goobi-jwt-secret-of-32-bytes-or-more"  # noqa: S105 - of a fake
DEFAULT_COMMANDS = ("closeStep", "addToProcessLog", "setErrorStep", "help")
"""What Goobi's sample of `goobi_webapi.xml` allows."""
JWT_KEY_DAYS = 3
"""Keys of today and of the two previous days are accepted."""

_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}")


@dataclass
class Credentials:
    """One `<credentials>` of `goobi_webapi.xml`: `ip` is a prefix, compared as text."""

    ip: str = "127.0.0."
    password: str = TOKEN
    commands: tuple[str, ...] = DEFAULT_COMMANDS


@dataclass
class WebApiAccess:
    """The classic web API; off unless `useWebApi` is set, as in Goobi since 22.11."""

    enabled: bool = True
    credentials: list[Credentials] = field(default_factory=lambda: [Credentials()])

    def allows(self, ip: str, token: str, command: str) -> bool:
        """Whether the caller may use the command; never for an address that is not IPv4 text."""
        return _IPV4.fullmatch(ip) is not None and any(
            ip.startswith(one.ip) and token == one.password and command in one.commands
            for one in self.credentials
        )


@dataclass
class Allow:
    """One `<allow>`: a blank token means that the address alone decides."""

    netmask: str = "127.0.0.0/8"
    token: str = TOKEN

    def accepts(self, ip: str, token: str) -> bool:
        """Whether the caller is in the network and has the token."""
        try:
            inside = ipaddress.ip_address(ip) in ipaddress.ip_network(self.netmask, strict=False)
        except ValueError:  # clients may write anything into x-forwarded-for
            return False
        return inside and (not self.token or token == self.token)


@dataclass
class Endpoint:
    """One `<endpoint>` of `goobi_rest.xml`: a regular expression for the whole path, and rules by method."""

    path: str = ".*"
    methods: dict[str, list[Allow]] = field(default_factory=dict)


@dataclass
class ApiToken:
    """A token bound to a user, sent as `Authorization: Basic base64(token)`; (method, path) expressions."""

    token: str = API_TOKEN
    methods: list[tuple[str, str]] = field(default_factory=lambda: [(".*", ".*")])


def default_endpoints() -> list[Endpoint]:
    """Everything from this machine with the token; the OCR callback's URL has no token, so it needs none."""
    rules = {method: [Allow()] for method in ("get", "post", "put", "delete")}
    return [Endpoint(".*", rules), Endpoint("/plugins/ocr.*", {"post": [Allow(token="")]})]


@dataclass
class Proof:
    """The credentials of a request to the REST interface: each from a header or the query."""

    ip: str
    token: str = ""
    authorization: str = ""
    jwt: str = ""


@dataclass
class RestAccess:
    """The REST interface."""

    endpoints: list[Endpoint] = field(default_factory=default_endpoints)
    api_tokens: list[ApiToken] = field(default_factory=lambda: [ApiToken()])
    jwt_secret: str = JWT_SECRET

    def allows(self, method: str, path: str, proof: Proof) -> bool:
        """Whether any of the credentials allows this call; `path` is below the interface's root."""
        return (
            self._by_rule(method, path, proof)
            or self._by_api_token(method, path, proof.authorization)
            or self._by_jwt(method, path, proof.jwt)
        )

    def _by_rule(self, method: str, path: str, proof: Proof) -> bool:
        return any(
            allow.accepts(proof.ip, proof.token)
            for endpoint in self.endpoints
            if re.fullmatch(endpoint.path, path)
            for allow in endpoint.methods.get(method.lower(), [])
        )

    def _by_api_token(self, method: str, path: str, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        if scheme != "Basic":
            return False
        try:
            token = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return any(
            re.fullmatch(methods, method, re.IGNORECASE) and re.fullmatch(paths, path)
            for one in self.api_tokens
            if one.token == token
            for methods, paths in one.methods
        )

    def _by_jwt(self, method: str, path: str, jwt: str) -> bool:
        claims = verified_claims(jwt, self.jwt_secret)
        methods = [str(one).lower() for one in claims.get("api_methods", [])]
        return bool(re.fullmatch(str(claims.get("api_path", "(?!)")), path)) and method.lower() in methods


def verified_claims(jwt: str, secret: str) -> dict[str, Any]:
    """The claims of a JWT that Goobi signed and that has not expired; else {}."""
    signed, _, signature = jwt.rpartition(".")
    header, _, payload = signed.partition(".")
    try:
        claims = json.loads(_decoded(payload))
        named = json.loads(_decoded(header)).get("alg")
        given = _decoded(signature)
    except (ValueError, AttributeError):
        return {}
    if named != "HS256" or not isinstance(claims, dict):
        return {}
    good = any(hmac.compare_digest(given, _signature(signed, key)) for key in _keys(secret))
    now = datetime.now(UTC).timestamp()
    return claims if good and float(claims.get("exp", now + 1)) > now else {}


def _keys(secret: str) -> Iterator[str]:
    """The secret itself, and with the start of each day whose keys are still valid, in milliseconds."""
    yield secret
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for days in range(JWT_KEY_DAYS):
        yield f"{secret}{int((today - timedelta(days=days)).timestamp() * 1000)}"


def _signature(signed: str, key: str) -> bytes:
    return hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
