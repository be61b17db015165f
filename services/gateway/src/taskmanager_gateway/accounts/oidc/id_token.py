"""Verifies ID tokens as OpenID Connect Core 1.0, 3.1.3.7 requires. Uses no network.

The work is done by PyJWT: it does this one thing, refuses algorithms that were not allowed, and needs nothing
but cryptography.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

from taskmanager.errors import TaskManagerError
from taskmanager.model.reasons.oidc_refusals import OidcRefusal
from taskmanager_gateway.accounts.oidc.refusals import OidcError

SKEW = timedelta(seconds=60)
SIGNATURES = frozenset(
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
)
"""Algorithms with a public key: `none` proves nothing, and HS256 would use a public key as a secret."""
REQUIRED = ["iss", "sub", "aud", "exp", "iat"]

_REFUSALS: Mapping[type[jwt.PyJWTError], OidcRefusal] = {
    jwt.ExpiredSignatureError: OidcRefusal.TOKEN_EXPIRED,
    jwt.ImmatureSignatureError: OidcRefusal.TOKEN_EARLY,
    jwt.InvalidAudienceError: OidcRefusal.TOKEN_AUDIENCE,
    jwt.InvalidIssuerError: OidcRefusal.TOKEN_ISSUER,
    jwt.InvalidSignatureError: OidcRefusal.TOKEN_SIGNATURE,
    jwt.InvalidKeyError: OidcRefusal.TOKEN_SIGNATURE,
}
"""All others mean that the token is malformed."""


class UnknownKeyError(TaskManagerError):
    """The token is signed with a key that is not among the known ones: the provider may have new ones."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The values the token must contain."""

    issuer: str
    client_id: str
    nonce: str


def verified_claims(token: str, keys: jwt.PyJWKSet, expected: Expected) -> dict[str, Any]:
    """The token's claims; raises OidcError if the token is not valid, and UnknownKeyError."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in SIGNATURES:
            raise OidcError(OidcRefusal.TOKEN_NOT_SIGNED, "the ID token is not signed with a public key")
        claims = _decoded(token, _candidates(keys, header.get("kid")), header["alg"], expected)
    except jwt.PyJWTError as error:
        raise OidcError(_refusal(error), f"the ID token is refused: {error}") from error
    _check_party(claims, expected.client_id)
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), expected.nonce.encode()):
        raise OidcError(OidcRefusal.TOKEN_NONCE, "the nonce of the ID token is not that of this log-in")
    return claims


def _refusal(error: jwt.PyJWTError) -> OidcRefusal:
    return _REFUSALS.get(type(error), OidcRefusal.TOKEN_INVALID)


def _candidates(keys: jwt.PyJWKSet, kid: object) -> Sequence[jwt.PyJWK]:
    """The key the token names; one that names none may have been signed with any of them."""
    found = [key for key in keys.keys if kid is None or key.key_id == kid]
    if not found:
        raise UnknownKeyError("the ID token is signed with an unknown key")
    return [key for key in found if key.public_key_use in {None, "sig"}]


def _decoded(token: str, keys: Sequence[jwt.PyJWK], algorithm: str, expected: Expected) -> dict[str, Any]:
    refused: jwt.PyJWTError = jwt.InvalidSignatureError("no key fits")
    for key in keys:
        try:
            return jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                audience=expected.client_id,
                issuer=expected.issuer,
                leeway=SKEW,
                options={"require": REQUIRED},
            )
        except (jwt.InvalidSignatureError, jwt.InvalidKeyError) as error:
            refused = error
        except TypeError as error:  # how PyJWT reports a key of another family
            refused = jwt.InvalidKeyError(str(error))
    raise refused


def _check_party(claims: dict[str, Any], client_id: str) -> None:
    """A token for several clients must say that this one asked for it."""
    audience = claims["aud"]
    several = isinstance(audience, list) and len(audience) > 1
    party = claims.get("azp")
    if (several or party is not None) and party != client_id:
        raise OidcError(OidcRefusal.TOKEN_AUDIENCE, "the ID token was made for another client")
