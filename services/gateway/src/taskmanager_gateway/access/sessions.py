"""Sessions as signed cookies, and the tokens that show that a request comes from a page of ours.

Every gateway with the same key reads them. Knows no store: `authenticator` says whether a session counts.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeTimedSerializer

from taskmanager.model.access import user_key

COOKIE = "tm_session"
KNOWN_COOKIE = "tm_known"
"""Says that a user has logged in from this browser; it proves nothing and only spares them the slowing."""
KNOWN_FOR = timedelta(days=90)
_SALT = "taskmanager.session.1"
_MASK_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody is logged in. It never changes; what they may do is looked up each time."""

    id: str
    user: str
    begun: datetime
    seen: datetime | None = None
    """When its cookie was written: somebody was at work then."""

    @classmethod
    def begin(cls, user: str, now: datetime) -> "Session":
        """A new one."""
        return cls(secrets.token_urlsafe(24), user, now)


class SessionCookies:
    """Writes and reads the cookies of sessions; `authenticator` judges how long ago one began."""

    def __init__(self, key: bytes, idle: timedelta) -> None:
        """`key` is the same for all gateways and known to nobody else; `idle`: how long nobody may work."""
        options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        self._serializer = URLSafeTimedSerializer(key, salt=_SALT, signer_kwargs=options)
        self._known = URLSafeTimedSerializer(key, salt="taskmanager.known.1", signer_kwargs=options)
        self._csrf_key = hmac.digest(key, b"taskmanager.csrf.1", "sha256")
        self._idle = idle

    def write(self, session: Session) -> str:
        """The cookie's value."""
        begun = round(session.begun.timestamp() * 1000)
        written = self._serializer.dumps([session.id, session.user, begun])
        return written if isinstance(written, str) else written.decode()

    def read(self, cookie: str) -> Session | None:
        """The session; None if it is over or the cookie is not one of ours."""
        try:
            (identifier, user, begun), seen = self._serializer.loads(
                cookie, max_age=round(self._idle.total_seconds()), return_timestamp=True
            )
        except (BadData, ValueError, TypeError):
            return None
        return Session(identifier, user, datetime.fromtimestamp(begun / 1000, UTC), seen)

    def write_known(self, user: str) -> str:
        """The value of the cookie that makes the browser known."""
        written = self._known.dumps(user_key(user))
        return written if isinstance(written, str) else written.decode()

    def is_known(self, cookie: str, name: str) -> bool:
        """Whether somebody of that name has logged in from this browser lately."""
        try:
            return bool(self._known.loads(cookie, max_age=round(KNOWN_FOR.total_seconds())) == user_key(name))
        except BadData:
            return False

    def csrf_token(self, session: Session) -> str:
        """What pages of the session send along: another text each time, or compression could leak it."""
        mask = secrets.token_bytes(_MASK_BYTES)
        masked = _xor(self._csrf(session), mask)
        return base64.urlsafe_b64encode(mask + masked).decode()

    def is_csrf_token(self, session: Session, token: str) -> bool:
        """Whether it was given out for the session."""
        try:
            sent = base64.urlsafe_b64decode(token.encode("ascii"))
        except ValueError:
            return False
        mask, masked = sent[:_MASK_BYTES], sent[_MASK_BYTES:]
        return len(sent) == 2 * _MASK_BYTES and hmac.compare_digest(_xor(masked, mask), self._csrf(session))

    def _csrf(self, session: Session) -> bytes:
        return hmac.digest(self._csrf_key, session.id.encode(), "sha256")


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
