"""Seals what a runner writes among the files of others, so that only what a runner wrote is believed.

The key comes from a secret that all runners of a plugin share and nobody who writes to the share has. Knows
no file.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from taskmanager.accounts.broker_addresses import addresses

_SALT = b"taskmanager journal"


@dataclass(frozen=True, slots=True)
class Seal:
    """The seal of one key."""

    key: bytes = field(default=b"", repr=False)

    def over(self, subject: str, body: bytes) -> str:
        """The mark that belongs to `body` and says that it is about `subject`."""
        return hmac.new(self.key, subject.encode() + b"\0" + body, hashlib.sha256).hexdigest()

    def holds(self, mark: object, subject: str, body: bytes) -> bool:
        """Whether `mark` was made with the same key over the same."""
        return isinstance(mark, str) and hmac.compare_digest(mark.encode(), self.over(subject, body).encode())


NO_KEY = Seal()
"""Anybody can make this seal: for whoever places results by himself, without other runners."""


def derive_key(secret: str) -> bytes:
    """A key of 32 bytes; slow on purpose (scrypt, RFC 7914): a seal must not help to guess the secret."""
    return hashlib.scrypt(secret.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=32)


def broker_secret(amqp_url: str) -> str:
    """The password in the address of a broker, or of the first of several; the user if there is none.

    Raises PermanentError if it is no address.
    """
    parts = urlsplit(addresses(amqp_url)[0])
    return unquote(parts.password or parts.username or "guest")
