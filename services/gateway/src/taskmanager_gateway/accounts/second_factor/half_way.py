"""Between password and code: a signed text that says whose password was right. It opens nothing by itself."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeTimedSerializer

from taskmanager.model.access import User

LIFETIME = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class HalfWay:
    """Somebody knows the password of `user`, as it was when sessions counted from `sessions_from`."""

    user: str
    sessions_from: datetime

    def still_counts_for(self, user: User) -> bool:
        """Whether neither the password was changed nor all log-ins were ended meanwhile."""
        return user.name == self.user and user.sessions_from == self.sessions_from


class HalfWayTexts:
    """Writes and reads them; any gateway can go on with one."""

    def __init__(self, key: bytes) -> None:
        """`key` is the one of sessions."""
        self._serializer = signed_texts(key, "taskmanager.half-way.1")

    def write(self, user: User) -> str:
        """For the form that asks for the code."""
        written = self._serializer.dumps([user.name, round(user.sessions_from.timestamp() * 1000)])
        return written if isinstance(written, str) else written.decode()

    def read(self, text: str) -> HalfWay | None:
        """None if it is too old or not one of ours."""
        try:
            name, milliseconds = self._serializer.loads(text, max_age=round(LIFETIME.total_seconds()))
        except (BadData, ValueError, TypeError):
            return None
        return HalfWay(name, datetime.fromtimestamp(milliseconds / 1000, UTC))


def signed_texts(key: bytes, salt: str) -> URLSafeTimedSerializer:
    """Signs what passes through a page, with the moment; by `salt` a text of one kind is none of another."""
    options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(key, salt=salt, signer_kwargs=options)
