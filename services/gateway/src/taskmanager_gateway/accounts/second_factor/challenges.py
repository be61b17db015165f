"""Challenges for security keys: random, each for one user and one purpose.

A challenge passes through the page as a signed text: no gateway stores it, and any gateway can continue with
it. The scheduler makes sure that it is used only once.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from itsdangerous import BadData

from taskmanager.model.access import user_key
from taskmanager_gateway.access.directory import secret_hash
from taskmanager_gateway.accounts.second_factor.half_way import LIFETIME
from taskmanager_gateway.http.signed_texts import SignedTexts

CHALLENGE_BYTES = 32

Purpose = Literal["add", "enter"]


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a key is to sign; valid until `ends`."""

    value: bytes
    ends: datetime

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal; the scheduler stores it to recognise a used challenge."""
        return secret_hash(_text(self.value))


class ChallengeTexts:
    """Writes and reads the signed texts of challenges."""

    def __init__(self, key: bytes) -> None:
        """`key` is the one that signs sessions."""
        self._texts = SignedTexts(key, "taskmanager.challenge.1")

    def new(self, user: str, purpose: Purpose) -> tuple[bytes, str]:
        """A new challenge: the bytes to sign, and the text for the page."""
        value = secrets.token_bytes(CHALLENGE_BYTES)
        return value, self._texts.write([user_key(user), purpose, _text(value)])

    def read(self, text: str, user: str, purpose: Purpose) -> Challenge | None:
        """The challenge; None if it has expired, is not ours, or is for another user or purpose."""
        try:
            (whose, what, value), written = self._texts.read(text, LIFETIME)
        except (BadData, ValueError, TypeError):
            return None
        if (whose, what) != (user_key(user), purpose):
            return None
        return Challenge(base64.urlsafe_b64decode(value), written.astimezone(UTC) + LIFETIME)


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode()
