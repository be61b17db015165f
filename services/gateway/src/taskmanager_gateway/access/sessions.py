"""Sessions as signed cookies, and the tokens that prove that a request comes from one of our pages.

Every gateway with the same key can read them. Uses no store: `authenticator` decides whether a session is
still valid.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData

from taskmanager.model.access import user_key
from taskmanager_gateway.http.signed_texts import SignedTexts

COOKIE = "tm_session"
KNOWN_COOKIE = "tm_known"
"""Marks a browser from which a user has logged in; it proves nothing and only exempts them from the slowdown
of log-ins."""
KNOWN_FOR = timedelta(days=90)
_SALT = "taskmanager.session.1"
_MASK_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in. It never changes; what its user may do is looked up each time."""

    id: str
    user: str
    begun: datetime
    seen: datetime | None = None
    """When its cookie was written, which is when its user was last active."""

    @classmethod
    def begin(cls, user: str, now: datetime) -> "Session":
        """A new session."""
        return cls(secrets.token_urlsafe(24), user, now)


class SessionCookies:
    """Writes and reads session cookies; `authenticator` limits a session's total lifetime."""

    def __init__(self, key: bytes, idle: timedelta) -> None:
        """`key` is a secret shared by all gateways; `idle`: how long a session lasts without activity."""
        self._sessions = SignedTexts(key, _SALT)
        self._known = SignedTexts(key, "taskmanager.known.1")
        self._csrf_key = hmac.digest(key, b"taskmanager.csrf.1", "sha256")
        self._idle = idle

    def write(self, session: Session) -> str:
        """The cookie's value."""
        begun = round(session.begun.timestamp() * 1000)
        return self._sessions.write([session.id, session.user, begun])

    def read(self, cookie: str) -> Session | None:
        """The session; None if it has been idle for too long or the cookie is not one of ours."""
        try:
            (identifier, user, begun), seen = self._sessions.read(cookie, self._idle)
        except (BadData, ValueError, TypeError):
            return None
        return Session(identifier, user, datetime.fromtimestamp(begun / 1000, UTC), seen)

    def write_known(self, user: str) -> str:
        """The value of the cookie that makes the browser known."""
        return self._known.write(user_key(user))

    def is_known(self, cookie: str, name: str) -> bool:
        """Whether the user of that name has recently logged in from this browser."""
        try:
            known, _ = self._known.read(cookie, KNOWN_FOR)
        except BadData:
            return False
        return bool(known == user_key(name))

    def csrf_token(self, session: Session) -> str:
        """The token the session's pages send; masked differently each time, or compression could leak it."""
        mask = secrets.token_bytes(_MASK_BYTES)
        masked = _xor(self._csrf(session), mask)
        return base64.urlsafe_b64encode(mask + masked).decode()

    def is_csrf_token(self, session: Session, token: str) -> bool:
        """Whether the token was issued for the session."""
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
