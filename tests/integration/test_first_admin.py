"""The first way in, and the way back in: real commands on a real broker and database."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskmanager.accounts.passwords import verify
from taskmanager.messages.topology import Topology
from taskmanager.model.access import PasswordState, Role, User
from taskmanager.model.jobs import Attribution
from taskmanager.model.queries import AuditQuery
from taskmanager.model.reasons.actions_taken import ONE_TIME_PASSWORD
from taskmanager.model.registry import AuditEntry
from taskmanager.mongo import MongoReader, MongoStore, connect
from taskmanager.ports.access_store import AccessPlan
from taskmanager.ports.store import Needs, Plan
from taskmanager_local.servers import RunningServer

PASSWORD = re.compile(r"password +((?:[a-z2-9]{5}-){4}[a-z2-9]{5})\n")
LIMIT_SECONDS = 60


class Tools:
    """The commands, with the settings of this test."""

    def __init__(self, amqp_url: str, mongodb_url: str, topology: Topology) -> None:
        self.mongodb_url = mongodb_url
        self._environment = {
            **os.environ,
            "AMQP_URL": amqp_url,
            "MONGODB_URL": mongodb_url,
            "TASKMANAGER_TOPOLOGY_PREFIX": topology.prefix,
        }
        self._running: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        program = Path(sys.executable).with_name(arguments[0])
        started = subprocess.Popen(
            [program, *arguments[1:]],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._running.append(started)
        return started

    def run(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        return ended(self.start(*arguments), code)

    def stop(self) -> None:
        for process in self._running:
            process.kill()
            process.communicate()

    async def user(self, name: str = "admin") -> User | None:
        reader = MongoReader(self.mongodb_url)
        try:
            return await reader.user(name)
        finally:
            await reader.close()

    async def audited(self, subject: str) -> tuple[AuditEntry, ...]:
        reader = MongoReader(self.mongodb_url)
        try:
            return (await reader.audit(AuditQuery(subject=subject))).entries
        finally:
            await reader.close()

    async def put(self, *users: User) -> None:
        store = MongoStore(self.mongodb_url)
        try:
            state = AccessPlan(rev=1, users=users)
            await store.apply(Needs(), lambda _: Plan(access=state))
        finally:
            await store.close()


def ended(process: subprocess.Popen[str], code: int = 0) -> tuple[str, str]:
    shown, logged = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == code, logged
    return shown, logged


@pytest.fixture
def tools(rabbitmq: RunningServer, mongodb_url: str, topology: Topology) -> Iterator[Tools]:
    made = Tools(rabbitmq.url, mongodb_url, topology)
    yield made
    made.stop()


async def test_two_migrations_at_once_show_one_password_and_it_is_the_valid_one(tools: Tools) -> None:
    both = [tools.start("taskmanager-migrate"), tools.start("taskmanager-migrate")]
    outputs = [ended(one) for one in both]

    [password] = [found for shown, _ in outputs for found in PASSWORD.findall(shown)]
    admin = await tools.user()
    assert admin is not None
    assert (admin.role, admin.plugins, admin.password) == (Role.ADMIN, None, PasswordState.ONE_TIME)
    assert admin.password_hash is not None
    assert verify(admin.password_hash, password)
    assert not any(password in logged for _, logged in outputs)


async def test_the_password_is_shown_once_and_leaves_an_entry_in_the_audit(tools: Tools) -> None:
    shown, _ = tools.run("taskmanager-migrate")
    again, logged = tools.run("taskmanager-migrate")

    assert len(PASSWORD.findall(shown)) == 1
    assert (again, "topology_declared" in logged) == ("", True)
    [entry] = await tools.audited("admin")
    assert (entry.actor, entry.reason, entry.outcome) == ("taskmanager-migrate", "first start", "done")
    assert "argon2" not in entry.model_dump_json()


async def test_where_nobody_logs_in_the_password_waits_for_the_first_start_that_needs_it(
    tools: Tools,
) -> None:
    unneeded, _ = tools.run("taskmanager-migrate", "--no-admin")
    needed, _ = tools.run("taskmanager-migrate")

    assert unneeded == ""
    assert len(PASSWORD.findall(needed)) == 1


async def test_two_migrations_at_once_of_an_empty_database_make_everything(
    rabbitmq: RunningServer, mongodb_url: str, topology: Topology
) -> None:
    """Nothing exists yet: no collections, no indexes and no session key."""
    client, database = connect(mongodb_url)
    await client.drop_database(database.name)
    tools = Tools(rabbitmq.url, mongodb_url, topology)
    outputs = [ended(one) for one in [tools.start("taskmanager-migrate") for _ in range(3)]]

    assert sum(len(PASSWORD.findall(shown)) for shown, _ in outputs) == 1
    assert len(await (await database.audit.list_indexes()).to_list()) > 1
    await client.close()


async def test_a_lost_password_is_replaced_by_a_new_one(tools: Tools) -> None:
    first, _ = tools.run("taskmanager-migrate")
    second, _ = tools.run("taskmanager-users", "reset", "ADMIN")

    admin = await tools.user()
    assert admin is not None
    assert admin.password_hash is not None
    assert not verify(admin.password_hash, PASSWORD.findall(first)[0])
    assert verify(admin.password_hash, PASSWORD.findall(second)[0])
    latest, _ = await tools.audited("admin")
    assert latest.what == ONE_TIME_PASSWORD()


async def test_an_admin_is_made_or_enabled_where_nobody_could_log_in(tools: Tools) -> None:
    tools.run("taskmanager-migrate")
    admin = await tools.user()
    assert admin is not None
    gone = Attribution(by="bert", at=admin.created.at)
    barred = {"disabled": gone, "role": Role.VIEWER, "plugins": ("jp2",)}
    await tools.put(admin.model_copy(update=barred))

    tools.run("taskmanager-users", "reset", "admin")

    admin = await tools.user()
    assert admin is not None
    assert (admin.role, admin.plugins, admin.disabled) == (Role.ADMIN, None, None)


async def test_before_any_migration_an_admin_is_made_by_a_reset(tools: Tools) -> None:
    shown, _ = tools.run("taskmanager-users", "reset", "admin")
    listed, _ = tools.run("taskmanager-users", "list")

    assert len(PASSWORD.findall(shown)) == 1
    assert listed == "admin\tadmin\tall plugins\tpassword: one-time\tenabled\n"


async def test_who_is_not_there_gets_no_password(tools: Tools) -> None:
    shown, error = tools.run("taskmanager-users", "reset", "nobody", code=1)

    assert shown == ""
    assert "there is no user nobody: `taskmanager-users list` shows all of them" in error
    assert tools.run("taskmanager-users", "list")[0] == "there is no user yet\n"
