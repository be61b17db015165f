"""A security key and its browser in memory: creates one key and signs with it, as WebAuthn requires."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256, CoseKey
from fido2.utils import sha256, websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

SEEN = AuthenticatorData.FLAG.UP
"""User presence: somebody has touched the key."""


@dataclass
class SoftKey:
    """One key, on pages of `origin`. Its counter grows by `step` with each answer; 0: it has no counter."""

    origin: str
    step: int = 1
    counter: int = 0
    flags: AuthenticatorData.FLAG = SEEN
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, options: str) -> str:
        """The answer of the browser to options for a new key, as JSON."""
        asked = json.loads(options)
        numbers = self.private.public_key().public_numbers()
        x, y = (one.to_bytes(32, "big") for one in (numbers.x, numbers.y))
        public = CoseKey.parse({1: 2, 3: ES256.ALGORITHM, -1: 1, -2: x, -3: y})
        credential = AttestedCredentialData.create(Aaguid.NONE, self.id, public)
        data = self._data(asked["rp"]["id"], self.flags | AuthenticatorData.FLAG.AT, credential)
        said = self._said(CollectedClientData.TYPE.CREATE, asked)
        return self._answer(said, attestationObject=AttestationObject.create("none", data, {}))

    def sign(self, options: str) -> str:
        """The answer of the browser to options for a signature, as JSON."""
        asked = json.loads(options)
        data = self._data(asked["rpId"], self.flags)
        said = self._said(CollectedClientData.TYPE.GET, asked)
        signature = self.private.sign(data + said.hash, ec.ECDSA(SHA256()))
        return self._answer(said, authenticatorData=data, signature=signature)

    def _data(
        self, party: str, flags: AuthenticatorData.FLAG, credential: AttestedCredentialData | None = None
    ) -> AuthenticatorData:
        self.counter += self.step
        made = AuthenticatorData.create(sha256(party.encode()), flags, self.counter, credential or b"")
        return AuthenticatorData(made)

    def _said(self, kind: str, asked: dict[str, Any]) -> CollectedClientData:
        return CollectedClientData.create(kind, websafe_decode(asked["challenge"]), self.origin)

    def _answer(self, said: CollectedClientData, **parts: bytes) -> str:
        texts = {name: websafe_encode(part) for name, part in parts.items()}
        name = websafe_encode(self.id)
        response = {"clientDataJSON": websafe_encode(said), **texts}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
