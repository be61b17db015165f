"""Seals what a runner writes among other users' files, so that only a runner's own writing is trusted.

The key comes from a secret that all runners of a plugin share and that nobody else with write access to the
share has. Knows no file.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from taskmanager.accounts.broker_addresses import addresses

_SALT = b"taskmanager journal"


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal made with one key."""

    key: bytes = field(default=b"", repr=False)

    def over(self, subject: str, body: bytes) -> str:
        """The mark for `body`, which also states that it is about `subject`."""
        return hmac.new(self.key, subject.encode() + b"\0" + body, hashlib.sha256).hexdigest()

    def holds(self, mark: object, subject: str, body: bytes) -> bool:
        """Whether `mark` was made with the same key for the same subject and body."""
        return isinstance(mark, str) and hmac.compare_digest(mark.encode(), self.over(subject, body).encode())


NO_KEY = Seal()
"""A seal anyone can make: for placing results on one's own, without other runners."""


def derive_key(secret: str) -> bytes:
    """A key of 32 bytes; deliberately slow (scrypt, RFC 7914): a seal must not help to guess the secret."""
    return hashlib.scrypt(secret.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=32)


def broker_secret(amqp_url: str) -> str:
    """The password in the broker address, or in the first of several; the user if there is no password.

    Raises PermanentError if it is not a valid address.
    """
    parts = urlsplit(addresses(amqp_url)[0])
    return unquote(parts.password or parts.username or "guest")
