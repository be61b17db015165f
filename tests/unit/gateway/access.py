"""Users and programs for tests of access, and a scheduler that carries out orders about them."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from taskmanager.accounts.passwords import hash_password
from taskmanager.messages import (
    Command,
    EndSession,
    EndSessions,
    RemoveSecondFactor,
    SetPassword,
    SetSecondFactor,
    UseCode,
)
from taskmanager.model.access import Right, Role, SecondFactor, Token, User
from taskmanager.model.jobs import Attribution
from taskmanager.process.clock import SystemClock
from taskmanager_testing.access import FakeAccess

from .conftest import Gateway

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NOTE = Attribution(by="root", at=BEGIN)
PASSWORD = "seven old scanners hum"
HASH = hash_password(PASSWORD)


def user(name: str, role: Role = Role.OPERATOR, **fields: Any) -> User:
    made = {"password_hash": HASH, "sessions_from": BEGIN, "created": NOTE, **fields}
    return User(name=name, role=role, **made)


def token(name: str, *scopes: Right, **fields: Any) -> Token:
    """A token whose secret is `tm_` followed by its name."""
    digest = hashlib.sha256(f"tm_{name}".encode()).hexdigest()
    return Token(id=f"id-{name}", name=name, secret_hash=digest, scopes=scopes, created=NOTE, **fields)


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer tm_{name}"}


@dataclass
class Obedient:
    """Carries out orders about sessions, passwords and second factors, as the scheduler would."""

    access: FakeAccess
    obeyed: list[Command] = field(default_factory=list)

    def __call__(self, command: Command) -> None:
        self.obeyed.append(command)
        order = command.order
        if isinstance(order, EndSession):
            self.access.ended[order.session] = order.expires
        if isinstance(order, EndSessions):
            self._change(order.name)
        if isinstance(order, SetPassword):
            self._change(order.name, password_hash=order.password_hash, one_time=order.one_time)

        if isinstance(order, SetSecondFactor):
            made = order.model_dump(include={"sealed", "step", "recovery"})
            self._put(order.name, SecondFactor(since=SystemClock().now(), **made))
        if isinstance(order, RemoveSecondFactor):
            self._put(order.name, None)
        if isinstance(order, UseCode) and (factor := self.access.known_users[order.name].second_factor):
            left = tuple(one for one in factor.recovery if one != order.recovery)
            used = {"step": order.step or factor.step, "recovery": left}
            self._put(order.name, factor.model_copy(update=used))

    def _put(self, name: str, factor: SecondFactor | None) -> None:
        before = self.access.known_users[name]
        self.access.put_user(before.model_copy(update={"second_factor": factor}))

    def _change(self, name: str, **fields: object) -> None:
        """Change a user, which ends all their sessions."""
        ends = SystemClock().now() + timedelta(milliseconds=1)
        before = self.access.known_users[name]
        self.access.put_user(before.model_copy(update={**fields, "sessions_from": ends}))


async def log_in(gateway: Gateway, name: str, password: str = PASSWORD, **headers: str) -> httpx.Response:
    return await gateway.client.post(
        "/log-in", data={"name": name, "password": password, "next": "/"}, headers=headers
    )


async def csrf(gateway: Gateway) -> str:
    """The CSRF token of the client's session."""
    answer = await gateway.client.get("/api/v1/me")
    return str(answer.json()["csrf"])
