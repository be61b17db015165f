"""After the password, before the second factor: a signed text that says whose password was right.

Alone, it grants nothing.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeTimedSerializer

from taskmanager.model.access import User

LIFETIME = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class HalfWay:
    """The password of `user` was right; `sessions_from` is that user's value at the time."""

    user: str
    sessions_from: datetime

    def still_counts_for(self, user: User) -> bool:
        """Whether since then the password has not been changed and the log-ins have not all been ended."""
        return user.name == self.user and user.sessions_from == self.sessions_from


class HalfWayTexts:
    """Writes and reads these texts; any gateway can continue with one."""

    def __init__(self, key: bytes) -> None:
        """`key` is the one that signs sessions."""
        self._serializer = signed_texts(key, "taskmanager.half-way.1")

    def write(self, user: User) -> str:
        """The text for the form that asks for the code."""
        written = self._serializer.dumps([user.name, round(user.sessions_from.timestamp() * 1000)])
        return written if isinstance(written, str) else written.decode()

    def read(self, text: str) -> HalfWay | None:
        """Read a text; None if it is too old or not one of ours."""
        try:
            name, milliseconds = self._serializer.loads(text, max_age=round(LIFETIME.total_seconds()))
        except (BadData, ValueError, TypeError):
            return None
        return HalfWay(name, datetime.fromtimestamp(milliseconds / 1000, UTC))


def signed_texts(key: bytes, salt: str) -> URLSafeTimedSerializer:
    """A serializer for signed and dated texts that pass through a page; each kind has its own `salt`."""
    options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(key, salt=salt, signer_kwargs=options)
