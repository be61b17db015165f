"""Security keys and passkeys (WebAuthn) as a second factor: what is stored, and when an answer counts.

Pure rules; knows no request and no cryptography.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from taskmanager.model.jobs import Record

KeyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=1_400)]
"""What an authenticator calls its key (credential id, 1,023 bytes at most), in base64url."""
PublicKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=2_000)]
"""A public key as COSE writes it (RFC 9052), in base64url."""
KeyName = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
"""What its owner calls a key."""
SignatureCounter = Annotated[int, Field(ge=0, lt=2**32)]

KEYS_LIMIT = 10
"""Keys of one user."""


class SecurityKey(Record):
    """A key that signs challenges. What is stored of it lets nobody in."""

    id: KeyId
    name: KeyName
    public: PublicKey
    counter: SignatureCounter
    """The signature counter it showed last; 0: it has none."""
    since: datetime
    last_used: datetime | None = None


def counts_on(before: int, shown: int) -> bool:
    """Whether a signature counter may follow another one (WebAuthn Level 2, section 7.2, step 21).

    One that does not grow tells of a copy of the key; a key without a counter always shows 0.
    """
    return shown > before or (shown == 0 and before == 0)


def still_remembered(used: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    """The used challenges that might come again: those that have not ended."""
    return {challenge: ends for challenge, ends in used.items() if ends > now}
