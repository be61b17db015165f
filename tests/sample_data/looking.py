"""A gateway in front of the sample data: everything can be viewed, nothing changes."""

import asyncio
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.e2e.system import START_SECONDS, Service
from tests.sample_data.writing import SampleData, written_sample_data

from taskmanager.mongo import MongoReader, connect
from taskmanager_gateway.access.sessions import Session, SessionCookies
from taskmanager_local.commands import LOOPBACK
from taskmanager_local.servers import RunningServer
from taskmanager_local.services import program

GOOBI = """
default = "main"
[installations.main]
dialect = "core"
token_file = "/nowhere/goobi-main.token"
url = "https://goobi.example.org/goobi"
process_page = "https://goobi.example.org/goobi/process/{process_id}"
step_page = "https://goobi.example.org/goobi/step/{step_id}"
[installations.karten]
dialect = "rest"
url = "http://192.0.2.21:8080/goobi"
"""
NOTIFICATIONS = """
[channels.hauspost]
kind = "mail"
host = "mail.example.org"
sender = "taskmanager@example.org"
"""


@dataclass(frozen=True)
class Looking:
    """Two running gateways and what they show: log-in is off at the first and required at the second."""

    gateway: Service
    guarded: Service
    data: SampleData
    mongodb_url: str
    folder: Path
    """The root beneath which the gateways see files."""

    @property
    def address(self) -> str:
        """The address of the pages, without a trailing slash."""
        return address_of(self.gateway)

    @property
    def guarded_address(self) -> str:
        """The same pages with log-in; `tests.sample_data.people` has the names and the password."""
        return address_of(self.guarded)

    async def session_of(self, name: str) -> str:
        """The cookie of a user who has just logged in at the second gateway."""
        reader = MongoReader(self.mongodb_url)
        try:
            key = await reader.session_key()
        finally:
            await reader.close()
        return SessionCookies(key or b"", timedelta(hours=12)).write(Session.begin(name, datetime.now(UTC)))


def address_of(service: Service) -> str:
    """The address of a gateway, without a trailing slash."""
    return f"http://{LOOPBACK}:{service.port}"


@contextmanager
def looking(
    folder: Path, rabbitmq: RunningServer, mongod: RunningServer, **settings: str
) -> Iterator[Looking]:
    """The sample data in its own database, and its gateways; `settings` are for their environment."""
    folder.mkdir(parents=True, exist_ok=True)
    mongodb_url = _database_url(mongod)
    environment = {
        "AMQP_URL": rabbitmq.url,
        "MONGODB_URL": mongodb_url,
        "TASKMANAGER_TOPOLOGY_PREFIX": f"s{uuid.uuid4().hex[:10]}",
        "TASKMANAGER_ROOTS": str(folder),
        "TASKMANAGER_GOOBI": str(_goobi_file(folder)),
        "TASKMANAGER_NOTIFICATIONS": str(_notifications_file(folder)),
        **settings,
    }
    _migrate(environment)
    with ExitStack() as stack:
        stack.callback(lambda: asyncio.run(_drop(mongodb_url)))
        sample_data = stack.enter_context(written_sample_data(mongodb_url))
        open_to_all, guarded = (_gateway(folder, environment, access) for access in ("off", "required"))
        for gateway in (open_to_all, guarded):
            stack.callback(gateway.stop)
            gateway.start()
        for gateway in (open_to_all, guarded):
            gateway.until_ready()
        yield Looking(open_to_all, guarded, sample_data, mongodb_url, folder)


def _gateway(folder: Path, environment: Mapping[str, str], access: str) -> Service:
    wanted = {**environment, "TASKMANAGER_ACCESS": access}
    return Service(f"gateway-{access}", [program("taskmanager-gateway")], wanted, folder)


def _goobi_file(folder: Path) -> Path:
    file = folder / "goobi.toml"
    file.write_text(GOOBI, encoding="utf-8")
    return file


def _notifications_file(folder: Path) -> Path:
    file = folder / "notifications.toml"
    file.write_text(NOTIFICATIONS, encoding="utf-8")
    return file


def _database_url(mongod: RunningServer) -> str:
    base, query = mongod.url.split("?", maxsplit=1)
    return f"{base.rsplit('/', maxsplit=1)[0]}/s{uuid.uuid4().hex[:10]}?{query}"


def _migrate(environment: Mapping[str, str]) -> None:
    subprocess.run(
        [program("taskmanager-migrate")],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        timeout=START_SECONDS,
    )


async def _drop(mongodb_url: str) -> None:
    client, database = connect(mongodb_url)
    await client.drop_database(database.name)
    await client.close()
