"""Real servers for every test that asks for them.

One private broker and one private database for each test process, a fresh prefix of names and a fresh
database for each test.
"""

import asyncio
import os
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from taskmanager.accounts.broker_users import BrokerUser, BrokerUsers, broker_users
from taskmanager.messages.topology import Topology
from taskmanager.mongo import connect, migrate
from taskmanager.mongo.access.writes import secrets_database
from taskmanager.rabbit import Broker, declare_topology
from taskmanager_local.commands import PORTS, port_range
from taskmanager_local.servers import RunningServer, private_mongod, private_rabbitmq
from tests.abandoned import remove_abandoned_runs

PLUGINS = (
    *(
        "brisk",
        "crash",
        "diary",
        "altoconvert",
        "download",
        "dropfolder",
        "epub",
        "fail",
        "greedy",
        "hasty",
        "jp2",
        "noop",
        "paced",
        "press",
        "recording",
        "shell",
    ),
    *(
        "checksums",
        "images",
        "jp2validation",
        "media",
        "mets",
        "ocr",
        "pdf",
        "prowler",
        "sleep",
        "stubborn",
        "tally",
        "tick",
        "tiffvalidation",
        "upload",
        "verbose",
        "wild",
    ),
)
settings.register_profile("here", deadline=None)  # a busy machine is no error
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)  # nor is chance
settings.load_profile("ci" if os.environ.get("CI") else "here")
USERS = BrokerUsers()
UNIT_TESTS = ("tests", "unit")
LONGEST_FILES = (
    *("test_views.py", "test_network.py", "test_plugin_live.py", "test_command_line.py"),
    *("test_ha.py", "test_soak.py", "test_claims_ahead.py", "test_broker_losses.py"),
    *("test_page_plugins.py", "test_system.py", "test_plugin_bulk.py", "test_plugin_many.py"),
)
"""Those of more than 45 s, the longest first; one that needs the processors beside one that mostly waits."""


def pytest_configure(config: pytest.Config) -> None:
    """Give each test process ports of its own: stacks that start at the same time would choose the same.

    The unit tests may run at the same time as the others, from another shell: they get a tenth of the ports.
    What killed runs have left behind is removed first, once for all processes.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        for folder in Path(tempfile.gettempdir()).glob("pytest-of-*"):
            if folder.stat().st_uid == os.getuid():
                remove_abandoned_runs(folder)
    worker, count = os.environ.get("PYTEST_XDIST_WORKER"), os.environ.get("PYTEST_XDIST_WORKER_COUNT")
    if worker and count and PORTS not in os.environ:
        ports, number = port_range(), int(worker.removeprefix("gw"))
        tenth = len(ports) // 10
        ports = (
            ports[:tenth] if all(Path(one).parts[:2] == UNIT_TESTS for one in config.args) else ports[tenth:]
        )
        share = len(ports) // int(count)
        first = ports.start + number * share
        os.environ[PORTS] = f"{first}-{first + share - 1}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first: at the end, one process would work on one while the others have nothing.

    Raises UsageError if two tests have the same id: of those, xdist runs one and says nothing of the others.
    """
    twice = [name for name, number in Counter(item.nodeid for item in items).items() if number > 1]
    if twice:
        raise pytest.UsageError(f"several tests have the id {twice[0]}: xdist would run one of them")
    places = {name: place for place, name in enumerate(LONGEST_FILES)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@dataclass(frozen=True)
class ServiceUrls:
    """The environment of services that have accounts of their own, as in a real installation."""

    rabbitmq: RunningServer
    mongod: RunningServer
    database: str

    @property
    def gateway(self) -> dict[str, str]:
        """For a gateway."""
        return self._both(USERS.gateway, "gateway")

    @property
    def scheduler(self) -> dict[str, str]:
        """For a scheduler."""
        return self._both(USERS.scheduler, "scheduler")

    @property
    def migrate(self) -> dict[str, str]:
        """For the migration."""
        return self._both(USERS.migrate, "migrate")

    def _both(self, user: str, account: str) -> dict[str, str]:
        mongodb_url = self.mongod.url_of(account, self.database)
        return {"AMQP_URL": self.rabbitmq.url_of(user), "MONGODB_URL": mongodb_url}


@pytest.fixture(scope="session")
def services_users() -> Sequence[BrokerUser]:
    """The broker users for the services of every test, apart from the keys of topic exchanges."""
    return broker_users(Topology(), PLUGINS, users=USERS, prefix_pattern="t[0-9a-f]{10}")


@pytest.fixture(scope="session")
def rabbitmq(
    tmp_path_factory: pytest.TempPathFactory, services_users: Sequence[BrokerUser]
) -> Iterator[RunningServer]:
    """A real RabbitMQ node with the users of every test's services."""
    with private_rabbitmq(Path(tmp_path_factory.mktemp("rabbitmq")), services_users) as server:
        yield server


@pytest.fixture(scope="session")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A real mongod, a replica set of one node."""
    with private_mongod(Path(tmp_path_factory.mktemp("mongod"))) as server:
        yield server


@pytest.fixture
def topology(rabbitmq: RunningServer) -> Topology:
    """A declared topology used by this test alone."""
    made = Topology(f"t{uuid.uuid4().hex[:10]}")
    asyncio.run(Broker.once(rabbitmq.url, "test", lambda channel: declare_topology(channel, made)))
    return made


@pytest.fixture
def mongodb_url(mongod: RunningServer) -> Iterator[str]:
    """A migrated database used by this test alone."""
    base, query = mongod.url.split("?", maxsplit=1)
    url = f"{base.rsplit('/', maxsplit=1)[0]}/t{uuid.uuid4().hex[:10]}?{query}"
    asyncio.run(_migrated(url))
    yield url
    asyncio.run(_dropped(url))


@pytest.fixture
def service_urls(rabbitmq: RunningServer, mongod: RunningServer, mongodb_url: str) -> ServiceUrls:
    """The addresses of the services' own accounts, for the database of this test."""
    name = mongodb_url.split("?", maxsplit=1)[0].rpartition("/")[2]
    mongod.ensure_accounts(name)
    return ServiceUrls(rabbitmq, mongod, name)


async def _migrated(url: str) -> None:
    client, database = connect(url)
    await migrate(database)
    await client.close()


async def _dropped(url: str) -> None:
    client, database = connect(url)
    await client.drop_database(database.name)
    await client.drop_database(secrets_database(database.name))
    await client.close()
