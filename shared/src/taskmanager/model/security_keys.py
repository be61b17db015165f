"""Security keys and passkeys (WebAuthn) as a second factor: what is stored, and which answers are accepted.

Pure rules, without requests and cryptography.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from taskmanager.model.jobs import Record

KeyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=1_400)]
"""The id that an authenticator gives to a key (credential id, at most 1,023 bytes), in base64url."""
PublicKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=2_000)]
"""A public key in COSE format (RFC 9052), in base64url."""
KeyName = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
"""The name that its owner gives to a key."""
SignatureCounter = Annotated[int, Field(ge=0, lt=2**32)]

KEYS_LIMIT = 10
"""The most keys that one user can have."""


class SecurityKey(Record):
    """A key that signs challenges. Nobody can log in with what is stored about it."""

    id: KeyId
    name: KeyName
    public: PublicKey
    counter: SignatureCounter
    """The last signature counter that it sent; 0: it has none."""
    since: datetime
    last_used: datetime | None = None


def counts_on(before: int, shown: int) -> bool:
    """Whether a signature counter may follow another one (WebAuthn Level 2, section 7.2, step 21).

    A counter that does not grow points to a copy of the key; a key without a counter always sends 0.
    """
    return shown > before or (shown == 0 and before == 0)


def still_remembered(used: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    """The used challenges that could still be replayed: those that have not expired."""
    return {challenge: ends for challenge, ends in used.items() if ends > now}
