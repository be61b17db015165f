"""TLS for HTTP, broker and database with a private authority, each verified; a wrong name is refused."""

import asyncio
import gc
import signal
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.conftest import USERS

from taskmanager.accounts.broker_users import broker_users
from taskmanager.errors import BrokerUnavailableError, PermanentError, StoreUnavailableError
from taskmanager.messages.topology import Topology
from taskmanager.mongo import connect, migrate
from taskmanager.mongo.base.client import translated_errors
from taskmanager.rabbit import Broker, declare_topology
from taskmanager.rabbit.channel import AsyncChannel, parameters
from taskmanager_local.certificates import Certificates
from taskmanager_local.commands import free_port
from taskmanager_local.servers import RunningServer, private_mongod, private_rabbitmq
from taskmanager_testing.waiting import eventually

TOPOLOGY = Topology()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """For the name localhost, and for no address."""
    made = Certificates(Path(tmp_path_factory.mktemp("tls")))
    made.issue(["localhost"])
    return made


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Another authority."""
    made = Certificates(Path(tmp_path_factory.mktemp("stranger")))
    made.issue(["localhost"])
    return made


@pytest.fixture(scope="module")
def broker(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A RabbitMQ that speaks nothing but TLS."""
    users = broker_users(TOPOLOGY, ("jp2",), users=USERS)
    with private_rabbitmq(Path(tmp_path_factory.mktemp("broker")), users, certificates) as server:
        yield server


@pytest.fixture(scope="module")
def database(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A mongod that speaks nothing but TLS."""
    with private_mongod(Path(tmp_path_factory.mktemp("database")), tls=certificates) as server:
        server.ensure_accounts("taskmanager")
        yield server


async def declared(channel: AsyncChannel) -> None:
    await declare_topology(channel, TOPOLOGY)


def wrongs(url: str, right: Certificates, other: Certificates, scheme: str) -> dict[str, str]:
    """Addresses that must not be believed."""
    return {
        "another name": url.replace("@localhost", "@127.0.0.1"),
        "another authority": url.replace(str(right.authority), str(other.authority)),
        "the system's authorities": url.replace(f"cacertfile={right.authority}", "").replace(
            f"&tlsCAFile={right.authority}", ""
        ),
        "no TLS": url.replace(f"{scheme}s://", f"{scheme}://").split("?")[0],
    }


async def test_the_broker_is_reached_by_its_name_only(
    broker: RunningServer, certificates: Certificates, stranger: Certificates
) -> None:
    url = broker.url_of(USERS.migrate)
    await Broker.once(url, "test", declared)
    for wrong in wrongs(url, certificates, stranger, "amqp").values():
        with pytest.raises(BrokerUnavailableError):
            await Broker.once(wrong, "test", declared)


def test_an_authority_that_is_not_there_is_told() -> None:
    with pytest.raises(PermanentError, match=r"nowhere\.pem"):
        parameters("amqps://localhost/%2F?cacertfile=/nowhere.pem", "test")
    with pytest.raises(PermanentError, match="amqps only"):
        parameters("amqp://localhost/%2F?cacertfile=/nowhere.pem", "test")


async def asked(url: str) -> None:
    client, found = connect(url)
    try:
        with translated_errors():
            await found.jobs.find_one()
    finally:
        await client.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
async def test_the_database_is_reached_by_its_name_only(
    database: RunningServer, certificates: Certificates, stranger: Certificates
) -> None:
    url = database.url_of("gateway")
    await asked(url)
    addresses = wrongs(url, certificates, stranger, "mongodb")
    addresses["another name"] = addresses["another name"].replace("replicaSet=tm", "directConnection=true")
    addresses["no TLS"] += "?directConnection=true"
    for wrong in addresses.values():
        with pytest.raises(StoreUnavailableError):
            await asked(wrong)
    gc.collect()  # sockets whose handshake failed are left to the collector: here, not in another test


async def _migrated(url: str) -> None:
    client, found = connect(url)
    await migrate(found)
    await client.close()


def test_a_gateway_with_all_three_is_reached_by_its_name_only(
    broker: RunningServer, database: RunningServer, certificates: Certificates, stranger: Certificates
) -> None:
    asyncio.run(_migrated(database.url_of("migrate")))
    asyncio.run(Broker.once(broker.url_of(USERS.migrate), "test", declared))
    port = free_port()
    environment = {
        "PATH": "",
        "AMQP_URL": broker.url_of(USERS.gateway),
        "MONGODB_URL": database.url_of("gateway"),
        "TASKMANAGER_HTTP_PORT": str(port),
        "TASKMANAGER_TLS_CERTIFICATE": str(certificates.certificate("localhost")),
        "TASKMANAGER_TLS_KEY": str(certificates.key("localhost")),
    }
    process = subprocess.Popen([sys.executable, "-m", "taskmanager_gateway"], env=environment)
    verified = ssl.create_default_context(cafile=str(certificates.authority))

    def ready() -> bool:
        try:
            answer = httpx.get(f"https://localhost:{port}/health/ready", verify=verified, trust_env=False)
        except httpx.ConnectError:
            return False
        return answer.status_code == httpx.codes.OK

    try:
        eventually(ready, what="the gateway is ready over HTTPS")
        with pytest.raises(httpx.ConnectError, match="IP address mismatch"):
            httpx.get(f"https://127.0.0.1:{port}/health/ready", verify=verified, trust_env=False)
        unknown = ssl.create_default_context(cafile=str(stranger.authority))
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(f"https://localhost:{port}/health/ready", verify=unknown, trust_env=False)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://localhost:{port}/health/ready", trust_env=False)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_keys_are_for_their_owner_only_and_the_authority_stays(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "tls")
    made.issue(["broker", "10.0.0.1"])
    authority = made.authority.read_bytes()
    made.issue(["database"])
    assert made.authority.read_bytes() == authority
    modes = {stat.S_IMODE(file.stat().st_mode) for file in made.folder.iterdir() if file != made.authority}
    assert modes == {0o600}
