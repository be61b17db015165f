"""Users and tokens of the sample data: each role, restricted, disabled, new; usable, expired, revoked."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from tests.sample_data.cast import JP2, OCR

from taskmanager.accounts.passwords import hash_password
from taskmanager.model.access import Right, Role, Token, User
from taskmanager.model.jobs import Attribution

PASSWORD = "Ein-Haus-voller-Karteikarten-7"
"""Of everybody who has one."""
ADMIN, OPERATOR, VIEWER, RESTRICTED, NEW, DISABLED = "leitung", "anna", "lesesaal", "bertä", "neu", "ehemals"


def users(now: datetime) -> Iterator[User]:
    """Everybody."""
    yield _user(ADMIN, Role.ADMIN, now)
    yield _user(OPERATOR, Role.OPERATOR, now)
    yield _user(VIEWER, Role.VIEWER, now)
    yield _user(RESTRICTED, Role.OPERATOR, now, plugins=(JP2, OCR))
    yield _user(NEW, Role.VIEWER, now, one_time=True)
    left = Attribution(by=ADMIN, at=now - timedelta(days=30), reason="Nicht mehr im Haus")
    yield _user(DISABLED, Role.OPERATOR, now, disabled=left)


def _user(name: str, role: Role, now: datetime, **more: Any) -> User:
    at = now - timedelta(days=200)
    created = Attribution(by=ADMIN, at=at, reason="")
    return User(name=name, role=role, password_hash=_hash(), sessions_from=at, created=created, rev=1, **more)


@cache
def _hash() -> str:
    return hash_password(PASSWORD)


def tokens(now: datetime) -> Iterator[Token]:
    """Of programs. Each one's secret is `scene-` and its name."""
    yield _token("Goobi", now, scopes=(Right.READ, Right.SUBMIT), last_used=now - timedelta(minutes=1))
    yield _token("Überwachung", now, scopes=(Right.READ,), plugins=(JP2,))
    yield _token("Umzug 2025", now, scopes=tuple(Right), expires=now - timedelta(days=3))
    revoked = Attribution(by=ADMIN, at=now - timedelta(days=9), reason="Stand in einer E-Mail")
    yield _token("Skripte", now, scopes=(Right.READ, Right.OPERATE), revoked=revoked)


def _token(name: str, now: datetime, **more: Any) -> Token:
    created = Attribution(by=ADMIN, at=now - timedelta(days=100), reason="")
    secret = hashlib.sha256(f"scene-{name}".encode()).hexdigest()
    return Token(id=f"token-{name}", name=name, secret_hash=secret, created=created, **more)
