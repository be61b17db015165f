"""Encrypts the secrets of second factors, so that reading users or the broker's messages reveals none.

AES-256-GCM by the library `cryptography`, bound to the user: what is sealed for one cannot be opened for
another.
"""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from taskmanager.model.access import user_key

NONCE_BYTES = 12
_PURPOSE = "taskmanager.second-factor.1:"


class Sealing:
    """Seals and opens secrets with a key that only the gateways read."""

    def __init__(self, key: bytes) -> None:
        """`key` has 256 bits."""
        self._cipher = AESGCM(key)

    def seal(self, secret: str, name: str) -> str:
        """Encrypt the secret of the user of that name for storage."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.encode(), _bound_to(name))
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, name: str) -> str | None:
        """The secret; None if it was sealed with another key, for somebody else, or not at all."""
        try:
            raw = base64.urlsafe_b64decode(sealed.encode("ascii"))
            return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound_to(name)).decode()
        except (ValueError, InvalidTag):
            return None


def _bound_to(name: str) -> bytes:
    return f"{_PURPOSE}{user_key(name)}".encode()
