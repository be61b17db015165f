"""What a security key is to sign: random, for one user and one purpose.

It goes through the page as a signed text, so no gateway keeps it, and any gateway can go on with one. That it
counts once is the scheduler's business.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from itsdangerous import BadData

from taskmanager.model.access import user_key
from taskmanager_gateway.access.directory import secret_hash
from taskmanager_gateway.accounts.second_factor.half_way import LIFETIME, signed_texts

CHALLENGE_BYTES = 32

Purpose = Literal["add", "enter"]


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is to be signed; it counts until `ends`."""

    value: bytes
    ends: datetime

    @property
    def digest(self) -> str:
        """By which the scheduler knows it again: SHA-256 in hexadecimal."""
        return secret_hash(_text(self.value))


class ChallengeTexts:
    """Writes and reads them."""

    def __init__(self, key: bytes) -> None:
        """`key` is the one of sessions."""
        self._serializer = signed_texts(key, "taskmanager.challenge.1")

    def new(self, user: str, purpose: Purpose) -> tuple[bytes, str]:
        """A new one: what to sign, and the text."""
        value = secrets.token_bytes(CHALLENGE_BYTES)
        written = self._serializer.dumps([user_key(user), purpose, _text(value)])
        return value, written if isinstance(written, str) else written.decode()

    def read(self, text: str, user: str, purpose: Purpose) -> Challenge | None:
        """None if it is too old, not one of ours, or for somebody or something else."""
        try:
            (whose, what, value), written = self._serializer.loads(
                text, max_age=round(LIFETIME.total_seconds()), return_timestamp=True
            )
        except (BadData, ValueError, TypeError):
            return None
        if (whose, what) != (user_key(user), purpose):
            return None
        return Challenge(base64.urlsafe_b64decode(value), written.astimezone(UTC) + LIFETIME)


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode()
