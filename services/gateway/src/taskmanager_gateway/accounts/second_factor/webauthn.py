"""Security keys (WebAuthn Level 2): makes the requests to browsers and verifies their answers. Pure.

The only module that uses fido2, which implements the whole protocol and needs only `cryptography`, which is
used anyway.
"""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from fido2 import cbor
from fido2.cose import ES256, RS256, CoseKey, EdDSA
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from taskmanager.model.security_keys import SecurityKey
from taskmanager_gateway.accounts.second_factor.relying_party import RelyingParty

TITLE = "Goobi TaskManager"
ALGORITHMS = (ES256.ALGORITHM, EdDSA.ALGORITHM, RS256.ALGORITHM)
"""The algorithms that the specification recommends; every key supports at least one of them."""
MALFORMED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    struct.error,
    UnsupportedAlgorithm,
)
"""What fido2 and its CBOR decoder raise for an answer that is malformed or wrong."""


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key: its id and public key in base64url, and its signature counter."""

    id: str
    public: str
    counter: int


def creation_options(
    party: RelyingParty, name: str, handle: bytes, known: Iterable[SecurityKey], challenge: bytes
) -> str:
    """The browser's options for creating a key, as JSON; `handle` tells users apart without naming them."""
    options, _ = _server(party).register_begin(
        PublicKeyCredentialUserEntity(id=handle, name=name, display_name=name),
        credentials=_descriptors(known),
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.PREFERRED,
        challenge=challenge,
    )
    return json.dumps(dict(options)["publicKey"])


def request_options(party: RelyingParty, known: Iterable[SecurityKey], challenge: bytes) -> str:
    """The browser's options for signing with one of these keys, as JSON."""
    options, _ = _server(party).authenticate_begin(
        credentials=_descriptors(known),
        user_verification=UserVerificationRequirement.PREFERRED,
        challenge=challenge,
    )
    return json.dumps(dict(options)["publicKey"])


def made_key(party: RelyingParty, challenge: bytes, answer: str) -> MadeKey | None:
    """The key that was created for this challenge; None if the answer is wrong or the key is unusable."""
    try:
        response = RegistrationResponse.from_dict(json.loads(answer))
        data = _server(party).register_complete(_state(challenge), response)
        credential = data.credential_data
        if credential is None or not _is_usable(credential.public_key):
            return None
    except MALFORMED:
        return None
    public = websafe_encode(cbor.encode(dict(credential.public_key)))
    return MadeKey(websafe_encode(credential.credential_id), public, data.counter)


def signing_key(
    party: RelyingParty, challenge: bytes, known: Sequence[SecurityKey], answer: str
) -> tuple[SecurityKey, int] | None:
    """The known key that signed this challenge, and its signature counter; None if none of them did."""
    try:
        response = AuthenticationResponse.from_dict(json.loads(answer))
        credentials = [_credential(key) for key in known]
        signer = _server(party).authenticate_complete(_state(challenge), credentials, response)
    except MALFORMED:
        return None
    return known[credentials.index(signer)], response.response.authenticator_data.counter


def _server(party: RelyingParty) -> Fido2Server:
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=party.id, name=TITLE),
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=lambda origin: origin == party.origin,
    )
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=one) for one in ALGORITHMS
    ]
    return server


def _state(challenge: bytes) -> dict[str, object]:
    preferred = UserVerificationRequirement.PREFERRED
    return {"challenge": websafe_encode(challenge), "user_verification": preferred}


def _descriptors(keys: Iterable[SecurityKey]) -> list[PublicKeyCredentialDescriptor]:
    kind = PublicKeyCredentialType.PUBLIC_KEY
    return [PublicKeyCredentialDescriptor(type=kind, id=websafe_decode(key.id)) for key in keys]


def _credential(key: SecurityKey) -> AttestedCredentialData:
    public = cbor.decode(websafe_decode(key.public))
    if not isinstance(public, Mapping):
        raise TypeError("a COSE key is a map")
    return AttestedCredentialData.create(Aaguid.NONE, websafe_decode(key.id), CoseKey.parse(public))


def _is_usable(public: CoseKey) -> bool:
    """Whether its signatures can be verified; when a key is created there is no signature to try."""
    try:
        public.verify(b"", b"")
    except InvalidSignature:
        return public.get(3) in ALGORITHMS
    return False
