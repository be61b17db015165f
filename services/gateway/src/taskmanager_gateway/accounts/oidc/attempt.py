"""One log-in on its way to the provider and back, kept by the browser in a signed cookie.

Any gateway with the same key can finish what another began. The cookie holds no secret: state, nonce and PKCE
verifier are derived from it with a key that never leaves the gateways.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta

from itsdangerous import BadData

from taskmanager_gateway.http.signed_texts import SignedTexts

COOKIE = "tm_oidc"
LIFETIME = timedelta(minutes=10)
_SALT = "taskmanager.oidc.1"


class LogInAttempt:
    """Binds the provider's answer to the browser that began the log-in."""

    def __init__(self, key: bytes, identifier: str, target: str) -> None:
        """`key` is that of sessions; `target`: where to go afterwards."""
        self._key, self._id, self.target = key, identifier, target

    @classmethod
    def begin(cls, key: bytes, target: str) -> "LogInAttempt":
        """A new attempt."""
        return cls(key, secrets.token_urlsafe(32), target)

    @classmethod
    def read(cls, key: bytes, cookie: str) -> "LogInAttempt | None":
        """The attempt in the cookie; None if it is too old or not one of ours."""
        try:
            (identifier, target), _ = SignedTexts(key, _SALT).read(cookie, LIFETIME)
        except (BadData, ValueError, TypeError):
            return None
        return cls(key, identifier, target)

    def write(self) -> str:
        """The cookie's value."""
        return SignedTexts(self._key, _SALT).write([self._id, self.target])

    @property
    def state(self) -> str:
        """The value the provider must send back."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """The value the ID token must contain."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Proves that the code is redeemed by the client that requested it (RFC 7636)."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """The hash (S256) of the verifier, which the provider gets beforehand."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())

    def _derived(self, purpose: str) -> str:
        return _text(hmac.digest(self._key, f"{_SALT} {purpose} {self._id}".encode(), "sha256"))


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
