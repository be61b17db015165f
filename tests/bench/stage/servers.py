"""The private broker and database every part measures on, and separate databases in them."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from taskmanager_local.servers import RunningServer, private_mongod, private_rabbitmq

CACHE_GIGABYTES = 1.0
"""The cache that a library's small server would give the database."""

Documents = Database[dict[str, Any]]


@dataclass(frozen=True)
class Servers:
    """Both servers, running."""

    rabbitmq: RunningServer
    mongod: RunningServer

    def database_url(self, name: str, *options: str) -> str:
        """The address of a database; `options` in addition to those the services get."""
        base, query = self.mongod.url.split("?", maxsplit=1)
        return f"{base.rsplit('/', maxsplit=1)[0]}/{name}?{'&'.join((query, *options))}"

    @contextmanager
    def database(self, name: str) -> Iterator[Documents]:
        """A client of a database, for inspecting and seeding it."""
        with MongoClient[dict[str, Any]](self.database_url(name), tz_aware=True) as client:
            yield client[name]

    def drop(self, name: str) -> None:
        """Delete a database."""
        with self.database(name) as database:
            database.client.drop_database(name)


@contextmanager
def running_servers(folder: Path) -> Iterator[Servers]:
    """Run both for the duration of a `with` block."""
    with (
        private_rabbitmq(folder / "rabbitmq") as rabbitmq,
        private_mongod(folder / "mongod", cache_gigabytes=CACHE_GIGABYTES) as mongod,
    ):
        yield Servers(rabbitmq, mongod)


def server_pids(servers: Servers) -> dict[str, int]:
    """The servers' processes, for a meter."""
    return {"mongod": servers.mongod.pid, "rabbitmq": servers.rabbitmq.pid}


def fresh_name() -> str:
    """An unused name, for a database or as the prefix of queues."""
    return f"b{uuid.uuid4().hex[:10]}"
