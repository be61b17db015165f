"""Users, tokens, log-ins of the sample data: each role, restricted, disabled; usable, expired, revoked."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from tests.sample_data.cast import JP2, OCR

from taskmanager.accounts.passwords import hash_password
from taskmanager.model.access import KnownSession, Right, Role, SecondFactor, Token, User
from taskmanager.model.jobs import Attribution
from taskmanager.model.security_keys import SecurityKey

PASSWORD = "Ein-Haus-voller-Karteikarten-7"
"""The password of every user who has one."""
ADMIN, OPERATOR, VIEWER, RESTRICTED, NEW, DISABLED = "leitung", "anna", "lesesaal", "bertä", "neu", "ehemals"
TWOFOLD = "moritz"
"""A user with a device for codes and two security keys, whose secrets nobody knows."""
SPARE_KEY = "RXJzYXR6"
"""The id of one of this user's keys."""
_FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
_PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1"


def users(now: datetime) -> Iterator[User]:
    """All users."""
    yield _user(ADMIN, Role.ADMIN, now)
    yield _user(OPERATOR, Role.OPERATOR, now)
    yield _user(VIEWER, Role.VIEWER, now)
    yield _user(RESTRICTED, Role.OPERATOR, now, plugins=(JP2, OCR))
    yield _user(NEW, Role.VIEWER, now, one_time=True)
    factor = SecondFactor(
        sealed="", since=now - timedelta(days=20), step=0, recovery=("0" * 64,), keys=tuple(_keys(now))
    )
    yield _user(TWOFOLD, Role.OPERATOR, now, second_factor=factor)
    left = Attribution(by=ADMIN, at=now - timedelta(days=30), reason="Nicht mehr im Haus")
    yield _user(DISABLED, Role.OPERATOR, now, disabled=left)


def _keys(now: datetime) -> Iterator[SecurityKey]:
    """One key that is used every day, and one that is kept in a drawer."""
    yield _key("QmxhdQ", "Blauer Schlüssel", now, last_used=now - timedelta(hours=7))
    yield _key(SPARE_KEY, "Ersatzschlüssel in der Schublade der Restaurierungswerkstatt", now)


def _key(key_id: str, name: str, now: datetime, **more: Any) -> SecurityKey:
    since = now - timedelta(days=20)
    return SecurityKey(id=key_id, name=name, public="AA", counter=3, since=since, **more)


def _user(name: str, role: Role, now: datetime, **more: Any) -> User:
    at = now - timedelta(days=200)
    created = Attribution(by=ADMIN, at=at, reason="")
    return User(name=name, role=role, password_hash=_hash(), sessions_from=at, created=created, rev=1, **more)


@cache
def _hash() -> str:
    return hash_password(PASSWORD)


def sessions(now: datetime) -> Iterator[KnownSession]:
    """Two of the operator's, one of them forgotten on a phone."""
    yield _session("werkbank", now, timedelta(hours=3), "192.0.2.17", _FIREFOX)
    yield _session("telefon", now, timedelta(hours=9), "2001:db8:85a3:8d3:1319:8a2e:370:7348", _PHONE)


def _session(name: str, now: datetime, age: timedelta, address: str, browser: str) -> KnownSession:
    return KnownSession(
        id=name,
        user=OPERATOR,
        begun=now - age,
        last_used=now - age / 3,
        ends=now + timedelta(days=1),
        address=address,
        browser=browser,
    )


def tokens(now: datetime) -> Iterator[Token]:
    """The tokens of programs. Each secret is `scene-` followed by the token's name."""
    yield _token("Goobi", now, scopes=(Right.READ, Right.SUBMIT), last_used=now - timedelta(minutes=1))
    yield _token("Überwachung", now, scopes=(Right.READ,), plugins=(JP2,))
    yield _token("Umzug 2025", now, scopes=tuple(Right), expires=now - timedelta(days=3))
    revoked = Attribution(by=ADMIN, at=now - timedelta(days=9), reason="Stand in einer E-Mail")
    yield _token("Skripte", now, scopes=(Right.READ, Right.OPERATE), revoked=revoked)


def _token(name: str, now: datetime, **more: Any) -> Token:
    created = Attribution(by=ADMIN, at=now - timedelta(days=100), reason="")
    secret = hashlib.sha256(f"scene-{name}".encode()).hexdigest()
    return Token(id=f"token-{name}", name=name, secret_hash=secret, created=created, **more)
