"""Real servers for every test that asks for them.

One private broker and one private database for each test process, a fresh prefix of names and a fresh
database for each test.
"""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskmanager.mongo import connect, migrate
from taskmanager.rabbit import Broker, declare_topology
from taskmanager.topology import Topology
from taskmanager_local.servers import RunningServer, private_mongod, private_rabbitmq


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A real RabbitMQ node."""
    with private_rabbitmq(Path(tmp_path_factory.mktemp("rabbitmq"))) as server:
        yield server


@pytest.fixture(scope="session")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A real mongod, a replica set of one node."""
    with private_mongod(Path(tmp_path_factory.mktemp("mongod"))) as server:
        yield server


@pytest.fixture
def topology(rabbitmq: RunningServer) -> Topology:
    """Declared names of this test alone."""
    made = Topology(f"t{uuid.uuid4().hex[:10]}")
    asyncio.run(Broker.once(rabbitmq.url, "test", lambda channel: declare_topology(channel, made)))
    return made


@pytest.fixture
def mongodb_url(mongod: RunningServer) -> Iterator[str]:
    """A migrated database of this test alone."""
    base, query = mongod.url.split("?", maxsplit=1)
    url = f"{base.rsplit('/', maxsplit=1)[0]}/t{uuid.uuid4().hex[:10]}?{query}"
    asyncio.run(_migrated(url))
    yield url
    asyncio.run(_dropped(url))


async def _migrated(url: str) -> None:
    client, database = connect(url)
    await migrate(database)
    await client.close()


async def _dropped(url: str) -> None:
    client, database = connect(url)
    await client.drop_database(database.name)
    await client.close()
