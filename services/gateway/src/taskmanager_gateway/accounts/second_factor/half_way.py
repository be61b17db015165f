"""After the password, before the second factor: a signed text that says whose password was right.

Alone, it grants nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData

from taskmanager.model.access import User
from taskmanager_gateway.http.signed_texts import SignedTexts

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
        self._texts = SignedTexts(key, "taskmanager.half-way.1")

    def write(self, user: User) -> str:
        """The text for the form that asks for the code."""
        return self._texts.write([user.name, round(user.sessions_from.timestamp() * 1000)])

    def read(self, text: str) -> HalfWay | None:
        """Read a text; None if it is too old or not one of ours."""
        try:
            (name, milliseconds), _ = self._texts.read(text, LIFETIME)
        except (BadData, ValueError, TypeError):
            return None
        return HalfWay(name, datetime.fromtimestamp(milliseconds / 1000, UTC))
