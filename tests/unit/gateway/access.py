"""Users and programs for tests of access, and a scheduler that carries out orders about them."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from taskmanager.messages import Command, CommandResult
from taskmanager.model.access import Right, Role, Token, User
from taskmanager.model.jobs import Attribution
from taskmanager.ports.store import Snapshot
from taskmanager.process.clock import SystemClock
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.jobs.effects import AnswerGateway
from taskmanager_testing.access import FakeAccess

from .conftest import CHEAP, Gateway

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NOTE = Attribution(by="root", at=BEGIN)
PASSWORD = "seven old scanners hum"
HASH = CHEAP.hash(PASSWORD)


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
    """Executes orders about users as the scheduler does, and stores the result."""

    access: FakeAccess
    obeyed: list[Command] = field(default_factory=list)
    ahead: timedelta = timedelta(milliseconds=1)
    """How far its clock is ahead, so that the sessions it ends began earlier."""

    def __call__(self, command: Command) -> CommandResult:
        self.obeyed.append(command)
        now = SystemClock().now() + self.ahead
        decision = decide((command,), Snapshot(access=self.access.state()), now)
        if decision.access is not None:
            self.access.write(decision.access)
        return next(one.result for one in decision.effects if isinstance(one, AnswerGateway))


async def log_in(gateway: Gateway, name: str, password: str = PASSWORD, **headers: str) -> httpx.Response:
    return await gateway.client.post(
        "/log-in", data={"name": name, "password": password, "next": "/"}, headers=headers
    )


async def csrf(gateway: Gateway) -> str:
    """The CSRF token of the client's session."""
    answer = await gateway.client.get("/api/v1/me")
    return str(answer.json()["csrf"])
